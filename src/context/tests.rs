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
fn setting_again_and_again_keeps_no_more_than_is_needed() {
    let mut context = Context::new();
    let text = |round: usize, key: AttributeKey| format!("{}-{round}-", key.index()).repeat(9 + round % 7);
    let list = |round: usize| Value::List(vec![Value::Int(round as i64), Value::Null]);
    for round in 0..2_000 {
        for key in keys(10) {
            context.set_owned(key, text(round, key).as_str());
        }
        for key in keys(12).skip(10) {
            context.set_owned(key, AttributeValue::List(list(round)));
        }
        // One that is sometimes a list, sometimes a text, sometimes missing.
        let odd = match round % 3 {
            0 => AttributeValue::List(list(round)),
            1 => AttributeValue::Str("neither short nor long"),
            _ => AttributeValue::Missing,
        };
        context.set_owned(AttributeKey(12), odd.clone());
        for key in keys(10) {
            assert_eq!(context.text(key), Some(text(round, key).as_bytes()), "{key:?} in round {round}");
        }
        for key in keys(12).skip(10) {
            assert!(matches!(context.value(key), ValueRef::List(own) if *own == list(round)), "{round}");
        }
        match (odd, context.value(AttributeKey(12))) {
            (AttributeValue::List(wanted), ValueRef::List(found)) => assert_eq!(wanted, *found),
            (AttributeValue::Str(wanted), ValueRef::Str(found)) => assert_eq!(wanted, found),
            (AttributeValue::Missing, ValueRef::Missing) => {}
            (wanted, found) => panic!("expected {wanted:?}, found {found:?}"),
        }
    }
    assert!(context.more.capacity() < 8_192, "{} bytes of texts", context.more.capacity());
    assert!(context.rest.as_ref().is_some_and(|rest| rest.lists.capacity() <= 8));
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
