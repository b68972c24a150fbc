use super::*;

fn keys(count: u16) -> impl Iterator<Item = AttributeKey> {
    (0..count).map(AttributeKey)
}

#[test]
fn copied_texts_stay_whole_wherever_they_have_room() {
    let mut context = Context::new();
    for round in 0..3 {
        // Some fit beside each other, some do not; some are short, empty or larger than all the room.
        let lengths = [40, 9, 14, 30, 1, 0, 200, 63, 64, 8, 7, 65];
        let texts: Vec<String> =
            (b'a'..).zip(lengths).map(|(c, n)| char::from(c).to_string().repeat(n + round)).collect();
        for (key, text) in keys(12).zip(&texts) {
            context.set_owned(key, text.as_str());
        }
        for (key, text) in keys(12).zip(&texts) {
            assert_eq!(context.text(key), Some(text.as_bytes()), "{key:?} in round {round}");
            assert!(
                matches!(context.value(key), ValueRef::Str(own) if own == text),
                "{key:?} in round {round}"
            );
        }
        context.clear();
        assert!(keys(12).all(|key| matches!(context.value(key), ValueRef::Missing)));
    }
}

#[test]
fn a_new_value_forgets_what_was_computed_of_the_old_one() {
    for key in keys(12) {
        let mut context = Context::new();
        context.set(key, "1.2.3-a-long-one");
        let (unit, version) = (context.unit(key), context.version(key));
        context.set(key, "4.5.6-another-one");
        assert_ne!(context.unit(key), unit);
        context.set(key, "7.8.9");
        assert_ne!(context.version(key).get(), version.get());
        context.set_owned(key, 7);
        assert!(matches!(context.value(key), ValueRef::Number(Number::Int(7))));
        assert_eq!(context.text(key), None);
    }
}
