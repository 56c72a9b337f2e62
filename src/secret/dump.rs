//! Keeps keys and records out of core files.

/// Forbids core files of this process and of what it starts. On Linux other processes of the same user cannot look into
/// its memory or environment either.
///
/// To be called first. A system that does not allow it is no reason to stop: core files may be off already.
pub fn no_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // The limit does not hold for cores that are piped into a program (core(5)); this does.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn there_are_no_core_files() {
        super::no_core_dumps();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, dumpable_behavior};
            assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
            // What the process needs of itself can still be opened, by every thread.
            let (file, name) = (tempfile::tempfile().unwrap(), |n| format!("/dev/fd/{n}"));
            let open = {
                use std::os::fd::AsRawFd;
                let name = name(file.as_raw_fd());
                std::thread::spawn(move || std::fs::File::open(name).is_ok()).join().unwrap()
            };
            assert!(open);
        }
    }
}
