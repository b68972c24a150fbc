use super::*;

#[test]
fn span_agrees_with_bucket_numbers() {
    for (from, to) in [(0, 1), (0, 1_000_000), (1, 2), (999_999, 1_000_000), (123_456, 654_321), (0, 333_333)]
    {
        let span = Span::new(from, to).unwrap();
        assert_eq!(span.buckets(), (from, to));
        for edge in [span.low, span.last()] {
            for m in [edge.wrapping_sub(1), edge, edge.wrapping_add(1)] {
                let b = bucket_of(m);
                assert_eq!(span.contains(m), (from..to).contains(&b), "{from}..{to} {m}");
            }
        }
    }
    assert_eq!(Span::new(5, 5), None);
}

#[test]
fn integers_have_decimal_text() {
    let mut buffer = [0; 20];
    for value in [0, 1, -1, 123, -9_007_199_254_740_992, 9_007_199_254_740_992, 1_000_000] {
        assert_eq!(integer_text(value, &mut buffer).unwrap(), value.to_string().as_bytes());
    }
    assert_eq!(integer_text(9_007_199_254_740_993, &mut buffer), None);
    assert_eq!(integer_text(i64::MIN, &mut buffer), None);
    assert_eq!(integral(-0.0), Some(0));
    assert_eq!(integral(1.5), None);
    assert_eq!(integral(1e300), None);
}

/// Chi-square of `counts` against the uniform distribution, as a deviation from its mean in standard deviations.
fn deviation(counts: &[u32]) -> f64 {
    let total: u32 = counts.iter().sum();
    let expected = f64::from(total) / counts.len() as f64;
    let chi: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    (chi - freedom) / (2.0 * freedom).sqrt()
}

#[test]
fn buckets_are_uniform_for_each_salt() {
    for salt in ["", "a", "rollout/checkout/r1", "rollout/checkout/r2", "ramp/checkout", "split/x"] {
        for style in 0..3 {
            let mut counts = vec![0; 1000];
            for i in 0..200_000_u64 {
                let unit = match style {
                    0 => i.to_string(),
                    1 => format!("user-{:015x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4),
                    _ => format!("{i}@mail.example"),
                };
                counts[(bucket(salt_hash(salt), unit_hash(unit.as_bytes())) / 1000) as usize] += 1;
            }
            let d = deviation(&counts);
            assert!(d.abs() < 4.5, "salt {salt:?}, style {style}: {d}");
        }
    }
}

#[test]
fn buckets_of_two_salts_are_independent() {
    let mut salts: Vec<u64> = (0..8).map(|i| salt_hash(&format!("rollout/gate_{i}/r"))).collect();
    salts.extend((0..6).map(|i| salt_hash(&format!("split/gate_{i}"))));
    salts.extend([salt_hash(""), salt_hash("a"), salt_hash("b"), salt_hash("ramp/checkout")]);
    let units: Vec<u64> = (0..100_000_u64).map(|i| unit_hash(i.to_string().as_bytes())).collect();
    for (i, &a) in salts.iter().enumerate() {
        for &b in &salts[i + 1..] {
            let mut counts = vec![0; 400];
            for &unit in &units {
                let cell = |salt| (bucket(salt, unit) / 50_000) as usize;
                counts[cell(a) * 20 + cell(b)] += 1;
            }
            let d = deviation(&counts);
            assert!(d.abs() < 5.0, "{a:x} {b:x}: {d}");
        }
    }
}
