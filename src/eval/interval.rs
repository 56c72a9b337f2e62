//! 95 % confidence intervals: Wilson's for a share of counted things, the bootstrap over documents for the rest.

use crate::random::SplitMix;

/// Lower and upper end of a 95 % confidence interval.
pub type Interval = (f64, f64);

/// Wilson's score interval for `hits` of `n`; `(0, 1)` when nothing was counted.
///
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
pub fn wilson(hits: usize, n: usize) -> Interval {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (n as f64, hits as f64 / n as f64);
    let spread = Z * Z / n;
    let middle = share + spread / 2.0;
    let half = Z * (share * (1.0 - share) / n + spread / (4.0 * n)).sqrt();
    (((middle - half) / (1.0 + spread)).max(0.0), ((middle + half) / (1.0 + spread)).min(1.0))
}

/// Percentile bootstrap: `documents` are drawn with replacement, [`ROUNDS`] times, always with the same seed, and
/// `figures` writes what it measures on each draw. One interval a figure.
pub fn bootstrap<const N: usize>(documents: usize, mut figures: impl FnMut(&[usize]) -> [f64; N]) -> [Interval; N] {
    if documents == 0 {
        return [(0.0, 1.0); N];
    }
    let mut random = SplitMix(SEED);
    let mut draw = vec![0; documents];
    let mut seen: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        draw.fill_with(|| below(&mut random, documents));
        for (values, figure) in seen.iter_mut().zip(figures(&draw)) {
            values.push(figure);
        }
    }
    seen.map(|mut values| {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[(share * (ROUNDS - 1) as f64).round() as usize];
        (at(0.025), at(0.975))
    })
}

/// A number below `n`: the upper half of a product, which favours no number.
fn below(random: &mut SplitMix, n: usize) -> usize {
    ((u128::from(random.next()) * n as u128) >> 64) as usize
}

/// Draws of one bootstrap.
pub const ROUNDS: usize = 1000;
const SEED: u64 = 1_645_140_002;
/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_agrees_with_published_values() {
        // R: binom::binom.wilson(x, n)
        for (hits, n, low, high) in
            [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (1, 1, 0.2065, 1.0)]
        {
            let (a, b) = wilson(hits, n);
            assert!((a - low).abs() < 5e-5 && (b - high).abs() < 5e-5, "{hits}/{n}: {a} {b}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn bootstrap_is_repeatable_and_covers_the_mean() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let mean = |draw: &[usize]| [draw.iter().map(|i| values[*i]).sum::<f64>() / draw.len() as f64];
        let [interval] = bootstrap(values.len(), mean);
        assert_eq!([interval], bootstrap(values.len(), mean));
        // The standard error of the mean is 14.43 / sqrt(50) = 2.04.
        assert!((interval.0 - 20.5).abs() < 1.0 && (interval.1 - 28.5).abs() < 1.0, "{interval:?}");
        assert_eq!(bootstrap(0, mean), [(0.0, 1.0)]);
    }
}
