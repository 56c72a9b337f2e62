//! Products of bytes on processors that multiply blocks of them (AMX): sixteen rows by sixteen columns by 64 deep in one
//! instruction, eight times as many multiplications a cycle as [`vnni`](super::vnni) does, and the same sums.
//!
//! The tiles have no safe face and, in stable Rust, no functions at all, so this module holds `unsafe` as `vnni` does. What
//! has to be proved: the instructions run only where [`Tiles`] exists, which [`Tiles::detect`] makes when the processor has
//! them and the kernel has allowed this process to use them; every address that a block reads or writes lies in a slice
//! whose length was checked; and no tile is expected to keep anything from one block of assembly to the next.

#![cfg_attr(all(target_arch = "x86_64", target_os = "linux"), allow(unsafe_code))]

use super::vnni::{Out, Quads, Scaled, Vnni};

/// Proof that the processor has tiles and that this process may use them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles(Vnni);

/// Rows are multiplied so many at a time: what is multiplied must be padded to a multiple of it.
pub(super) const ROWS: usize = 32;

impl Tiles {
    /// Asks the processor, and the kernel for the permission that its registers of eight kilobytes need.
    pub(super) fn detect() -> Option<Self> {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        {
            static ALLOWED: std::sync::LazyLock<bool> = std::sync::LazyLock::new(amx::is_allowed);
            if let (Some(vnni), true) = (Vnni::detect(), *ALLOWED) {
                return Some(Self(vnni));
            }
        }
        None
    }

    /// What multiplies what is no whole tile.
    pub(super) fn vnni(self) -> Vnni {
        self.0
    }

    /// Whether products of this shape are made of whole tiles.
    pub(super) fn fits(depth: usize, columns: usize) -> bool {
        depth > 0 && depth.is_multiple_of(64) && columns.is_multiple_of(32)
    }

    /// `out = scaled(rows * quads)` as [`Vnni::product`], for shapes that [`Tiles::fits`] and rows padded to [`ROWS`]; as
    /// many rows are written as `to` has scales.
    pub(super) fn product(self, rows: &[u8], quads: &Quads, to: Scaled<'_>, out: Out<'_>) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        // SAFETY: `self` exists only where `detect` found the instructions and the permission to use them.
        unsafe {
            amx::product(rows, quads, to, out);
        }
        #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
        self.0.product(rows, quads, to, out);
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx {
    use std::arch::asm;
    use std::arch::x86_64::__cpuid_count;

    use super::super::vnni::x86;
    use super::super::vnni::{Line, Out, Quads, Scaled};
    use super::ROWS;

    /// How the tiles are laid out: eight of sixteen rows of 64 bytes.
    #[repr(C, align(64))]
    struct Layout([u8; 64]);

    static LAYOUT: Layout = {
        let mut bytes = [0; 64];
        bytes[0] = 1;
        let mut tile = 0;
        while tile < 8 {
            // Bytes a row in two bytes each from 16 on, rows from 48 on (Intel, Architecture Manual 1, table 18-2).
            bytes[16 + 2 * tile] = 64;
            bytes[48 + tile] = 16;
            tile += 1;
        }
        Layout(bytes)
    };

    /// The sums of 32 rows and 32 columns.
    #[repr(C, align(64))]
    struct Sums([[[i32; 16]; 2]; ROWS]);

    /// Whether the processor has tiles of bytes and the kernel lets this process use them.
    pub(super) fn is_allowed() -> bool {
        const TILES: u32 = 1 << 24 | 1 << 25;
        /// `ARCH_REQ_XCOMP_PERM` and the number of the state of tiles (Linux, Documentation/arch/x86/xstate.rst).
        const REQUEST: libc::c_long = 0x1023;
        const TILE_DATA: libc::c_long = 18;
        if __cpuid_count(0, 0).eax < 7 || __cpuid_count(7, 0).edx & TILES != TILES {
            return false;
        }
        // SAFETY: the call takes two numbers and touches no memory of ours. Kernels that do not know it refuse.
        unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST, TILE_DATA) == 0 }
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn product(rows: &[u8], quads: &Quads, to: Scaled<'_>, out: Out<'_>) {
        let Out { data: out, stride, .. } = out;
        let depth = quads.depth() * 4;
        let mut sums = Sums([[[0; 16]; 2]; ROWS]);
        // SAFETY: the layout is one that the processor knows. It stands until it is given up below; nothing in between
        // can unwind past that but a broken bound, after which the next product lays the tiles out anew.
        unsafe { asm!("ldtilecfg [{layout}]", layout = in(reg) &raw const LAYOUT, options(nostack)) };
        for (panel, (lines, begin)) in quads.panels().enumerate() {
            let blocks = rows.chunks_exact(ROWS * depth).zip(to.rows.chunks(ROWS)).zip(out.chunks_mut(ROWS * stride));
            for ((rows, scales), out) in blocks {
                // SAFETY: the tiles are laid out as `LAYOUT` says, and stay so until below.
                unsafe { multiply(rows, lines, &mut sums) };
                x86::scale(&sums.0, begin, scales, panel, stride, to, out);
            }
        }
        // SAFETY: gives up what was laid out above.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }

    /// The sums of 32 rows of bytes and one panel, of as many lines as a quarter of a row.
    ///
    /// # Safety
    ///
    /// The tiles of this thread are laid out as [`LAYOUT`] says.
    unsafe fn multiply(rows: &[u8], lines: &[Line], sums: &mut Sums) {
        let depth = lines.len() * 4;
        assert!(depth > 0 && depth.is_multiple_of(64) && rows.len() == ROWS * depth, "a block of rows");
        let low = &rows[16 * depth..];
        // SAFETY: each turn reads 64 bytes of each of sixteen rows from `rows` and from `low`, `depth` apart, and sixteen lines
        // of 128 bytes; after `depth / 64` turns all of them are read, and nothing beyond. `sums` has the 32 rows of 128 bytes
        // that are written.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm6, [{lines} + {wide}*1]",
                "tileloadd tmm4, [{high} + {depth}*1]",
                "tileloadd tmm7, [{lines} + {wide}*1 + 64]",
                "tileloadd tmm5, [{low} + {depth}*1]",
                "tdpbusd tmm0, tmm4, tmm6",
                "tdpbusd tmm1, tmm4, tmm7",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                "add {high}, 64",
                "add {low}, 64",
                "add {lines}, 2048",
                "dec {turns}",
                "jnz 2b",
                "tilestored [{sums} + {wide}*1], tmm0",
                "tilestored [{sums} + {wide}*1 + 64], tmm1",
                "tilestored [{sums} + {wide}*1 + 2048], tmm2",
                "tilestored [{sums} + {wide}*1 + 2112], tmm3",
                high = inout(reg) rows.as_ptr() => _,
                low = inout(reg) low.as_ptr() => _,
                lines = inout(reg) lines.as_ptr() => _,
                turns = inout(reg) depth / 64 => _,
                depth = in(reg) depth,
                wide = in(reg) 128_usize,
                sums = in(reg) &raw mut *sums,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}
