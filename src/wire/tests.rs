use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;
use crate::error::{Code, Error};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn head() -> Head {
    Head {
        environment: "prod".into(),
        version: 42,
        sha256: Sha256::of(b"abc"),
        at: 1_700_000_000_000,
        delta: None,
    }
}

fn base64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token of any header and payload, signed as it stands.
fn token(signer: &SigningKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64(header), base64(payload));
    let signature = base64(signer.signature(input.as_bytes()));
    format!("{input}.{signature}")
}

fn header(signer: &SigningKey, typ: &str) -> String {
    json!({"alg": "EdDSA", "typ": typ, "kid": signer.public().id()}).to_string()
}

fn refusal(ring: &KeyRing, token: &str) -> Code {
    ring.verify(token, &"prod".into()).unwrap_err().code()
}

#[test]
fn signature_is_that_of_rfc_8037() {
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let signer = SigningKey::from_seed(&seed.try_into().unwrap()).unwrap();
    assert_eq!(signer.public().to_string(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".parse::<PublicKey>().unwrap(), signer.public());

    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = signer.signature(input.as_bytes());
    let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(base64(signature), expected);
    assert!(signer.public().verifies(input.as_bytes(), &signature));
    assert!(!signer.public().verifies(input.as_bytes(), signature.get(1..).unwrap()));
}

#[test]
fn token_of_a_head_is_this_text() {
    let text = key(7).sign(&head()).into_string();
    let parts: Vec<String> = text
        .split('.')
        .take(2)
        .map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    let expected = format!(r#"{{"alg":"EdDSA","typ":"tidegate-head+jws","kid":"{}"}}"#, key(7).public().id());
    assert_eq!(parts[0], expected);
    assert_eq!(
        parts[1],
        r#"{"environment":"prod","version":42,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","at":1700000000000}"#
    );
    assert_eq!(text, token(&key(7), &parts[0], &parts[1]));
    // The id of a key is the beginning of its hash.
    let hash = Sha256::of(key(7).public().as_bytes()).to_string();
    assert_eq!(key(7).public().id().to_string(), hash[..16]);
}

#[test]
fn head_with_a_delta_comes_back_as_it_was() {
    let head = Head { delta: Some(DeltaHead { from: 41, sha256: Sha256::of(b"d") }), ..head() };
    let ring = KeyRing::pinned(key(1).public());
    assert_eq!(ring.verify(key(1).sign(&head).as_str(), &"prod".into()).unwrap(), head);
    head.matches(b"abc").unwrap();
    head.matches_delta(b"d").unwrap();
    for error in [head.matches(b"abd"), head.matches_delta(b"e"), super::tests::head().matches_delta(b"d")] {
        assert_eq!(error.unwrap_err().code(), Code::OtherHash);
    }
}

#[test]
fn unknown_fields_of_a_payload_are_passed_over_and_missing_ones_refused() {
    let (signer, ring) = (key(1), KeyRing::pinned(key(1).public()));
    let mut payload = serde_json::to_value(head()).unwrap();
    payload["audience"] = json!(["all"]);
    let header = header(&signer, "tidegate-head+jws");
    let read = ring.verify(&token(&signer, &header, &payload.to_string()), &"prod".into());
    assert_eq!(read.unwrap(), head());
    for field in ["environment", "version", "sha256", "at"] {
        let mut less = payload.clone();
        less.as_object_mut().unwrap().remove(field);
        let error = ring.verify(&token(&signer, &header, &less.to_string()), &"prod".into()).unwrap_err();
        assert_eq!(error.code(), Code::BadToken, "{field}");
        assert!(error.to_string().contains(field), "{error}");
    }
    let twice = payload.to_string().replacen('{', r#"{"version":43,"#, 1);
    assert_eq!(refusal(&ring, &token(&signer, &header, &twice)), Code::BadToken);
}

#[test]
fn only_what_a_trusted_key_signed_as_a_head_is_taken() {
    let (signer, ring) = (key(1), KeyRing::pinned(key(1).public()));
    let good = signer.sign(&head()).into_string();
    let payload = serde_json::to_string(&head()).unwrap();
    let kid = signer.public().id();
    let with = |header: String| token(&signer, &header, &payload);
    let (input, signature) = good.rsplit_once('.').unwrap();
    let cut = format!("{input}.{}", base64(URL_SAFE_NO_PAD.decode(signature).unwrap().get(..63).unwrap()));
    let cases: Vec<(&str, String, Code)> = vec![
        ("unsigned", Token::unsigned(&head()).into_string(), Code::UnsignedToken),
        ("another key", key(2).sign(&head()).into_string(), Code::UntrustedKey),
        ("another key that says to be this one", token(&key(2), &header(&signer, "tidegate-head+jws"), &payload), Code::BadSignature),
        ("an endorsement", signer.endorse(&key(2).public(), 0).into_string(), Code::OtherToken),
        ("another type", with(header(&signer, "JWT")), Code::OtherToken),
        ("no type", with(json!({"alg": "EdDSA", "kid": kid}).to_string()), Code::BadToken),
        ("no key id", with(json!({"alg": "EdDSA", "typ": "tidegate-head+jws"}).to_string()), Code::BadToken),
        ("another algorithm", with(json!({"alg": "HS256", "typ": "tidegate-head+jws", "kid": kid}).to_string()), Code::BadToken),
        ("another case", with(json!({"alg": "eddsa", "typ": "tidegate-head+jws", "kid": kid}).to_string()), Code::BadToken),
        (
            "`none` with a signature",
            with(json!({"alg": "none", "typ": "tidegate-head+jws"}).to_string()),
            Code::BadToken,
        ),
        (
            "a critical extension",
            with(json!({"alg": "EdDSA", "typ": "tidegate-head+jws", "kid": kid, "crit": ["b64"], "b64": false}).to_string()),
            Code::BadToken,
        ),
        ("no signature", format!("{input}."), Code::BadToken),
        ("two parts", input.to_owned(), Code::BadToken),
        ("four parts", format!("{good}.e30"), Code::BadToken),
        ("a fifth of nothing", format!("{good}."), Code::BadToken),
        ("white space", format!("{good}\n"), Code::BadToken),
        ("nothing", String::new(), Code::BadToken),
        ("too much", "a".repeat(5_000), Code::BadToken),
        ("a cut signature", cut, Code::BadSignature),
    ];
    for (name, token, code) in cases {
        assert_eq!(refusal(&ring, &token), code, "{name}");
    }
    assert!(ring.verify(&good, &"prod".into()).is_ok());
    let error = ring.verify(&good, &"dev".into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error[TG6015] at /environment: expected a head of `dev`, found one of `prod`"
    );
}

#[test]
fn each_flipped_character_of_a_token_is_found() {
    let ring = KeyRing::pinned(key(1).public());
    let good = key(1).sign(&head()).into_string();
    for at in 0..good.len() {
        for other in ["A", "_", "=", "."] {
            let mut bad = good.clone();
            bad.replace_range(at..=at, other);
            assert_eq!(bad == good, ring.verify(&bad, &"prod".into()).is_ok(), "{at}: {bad}");
        }
    }
}

#[test]
fn base64_has_one_form_only() {
    let ring = KeyRing::pinned(key(1).public());
    let good = key(1).sign(&head()).into_string();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // 64 bytes end in a character of which two bits count: the others must be zero.
    let last = signature.chars().next_back().unwrap();
    let stray = char::from_u32(u32::from(last) + 1).unwrap();
    let stray = format!("{input}.{}{stray}", &signature[..signature.len() - 1]);
    let padded = format!("{input}.{}", URL_SAFE.encode(bytes));
    assert!(padded.ends_with("=="));
    for bad in [stray, padded] {
        assert_eq!(refusal(&ring, &bad), Code::BadToken, "{bad}");
    }
}

#[test]
fn unsigned_ring_takes_any_head_of_the_environment() {
    let mut ring = KeyRing::unsigned();
    for token in [Token::unsigned(&head()), key(1).sign(&head())] {
        assert_eq!(ring.verify(token.as_str(), &"prod".into()).unwrap(), head());
        assert_eq!(ring.verify(token.as_str(), &"dev".into()).unwrap_err().code(), Code::OtherHead);
    }
    let endorsement = key(1).endorse(&key(2).public(), 0).into_string();
    assert_eq!(refusal(&ring, &endorsement), Code::OtherToken);
    assert!(!ring.trust(&endorsement).unwrap());
    assert!(ring.is_unsigned() && !ring.trusts(&key(2).public()) && ring.endorsements().is_empty());
}

#[test]
fn endorsements_chain_in_any_order_and_are_kept_in_theirs() {
    let chain: Vec<String> =
        (1..5).map(|n| key(n).endorse(&key(n + 1).public(), n.into()).into_string()).collect();
    let stranger = key(9).endorse(&key(10).public(), 0).into_string();
    let mut mixed: Vec<String> = chain.iter().rev().cloned().collect();
    mixed.insert(1, stranger);
    mixed.push("nonsense".into());
    mixed.extend(chain.clone());

    let mut ring = KeyRing::pinned(key(1).public());
    assert_eq!(ring.trust_all(&mixed), 4);
    assert_eq!(ring.endorsements(), chain);
    assert!((1..=5).all(|n| ring.trusts(&key(n).public())) && !ring.trusts(&key(10).public()));
    ring.verify(key(5).sign(&head()).as_str(), &"prod".into()).unwrap();
    assert_eq!(ring.trust_all(&mixed), 0);

    // Whoever pins a later key trusts none of the earlier ones.
    let mut later = KeyRing::pinned(key(3).public());
    assert_eq!(later.trust_all(&mixed), 2);
    assert!(!later.trusts(&key(1).public()) && later.trusts(&key(5).public()));

    // What was kept leads to the same ring.
    let mut again = KeyRing::pinned(key(1).public());
    assert_eq!(again.trust_all(ring.endorsements()), 4);
}

#[test]
fn who_pins_a_late_key_finds_its_endorsement_behind_many_older_ones() {
    let chain: Vec<String> =
        (1..100).map(|n| key(n).endorse(&key(n + 1).public(), n.into()).into_string()).collect();
    let mut ring = KeyRing::pinned(key(99).public());
    assert_eq!(ring.trust_all(&chain), 1);
    assert!(ring.trusts(&key(100).public()));
}

#[test]
fn an_endorsement_needs_a_trusted_key_and_its_own_type() {
    let mut ring = KeyRing::pinned(key(1).public());
    let refused = |ring: &mut KeyRing, text: &str| ring.trust(text).unwrap_err().code();
    assert_eq!(refused(&mut ring, key(2).endorse(&key(2).public(), 0).as_str()), Code::UntrustedKey);
    assert_eq!(refused(&mut ring, key(1).sign(&head()).as_str()), Code::OtherToken);
    let payload = json!({"key": key(2).public(), "at": 0}).to_string();
    let forged = token(&key(2), &header(&key(1), "tidegate-key+jws"), &payload);
    assert_eq!(refused(&mut ring, &forged), Code::BadSignature);
    let unsigned = format!("{}.{}.", base64(r#"{"alg":"none","typ":"tidegate-key+jws"}"#), base64(payload));
    assert_eq!(refused(&mut ring, &unsigned), Code::UnsignedToken);
    assert!(ring.endorsements().is_empty() && !ring.trusts(&key(2).public()));
    assert!(ring.trust(key(1).endorse(&key(2).public(), 0).as_str()).unwrap());
    assert!(!ring.trust(key(2).endorse(&key(1).public(), 0).as_str()).unwrap(), "trusted before");
}

#[test]
fn a_ring_is_bounded() {
    let mut ring = KeyRing::pinned(key(0).public());
    let most = u8::try_from(KeyRing::MOST_KEYS).unwrap();
    for n in 1..most {
        assert!(ring.trust(key(0).endorse(&key(n).public(), 0).as_str()).unwrap());
    }
    let more = ring.trust(key(0).endorse(&key(most).public(), 0).as_str());
    assert_eq!(more.unwrap_err().code(), Code::TooManyKeys);
}

#[test]
fn an_sdk_key_in_the_place_of_the_public_key_is_not_repeated() {
    let secret = SdkKey::from_bytes(&[0xab; 32]);
    let text = format!("tidegate+https://{0}@h?environment=prod&key={0}", secret.secret());
    let error = text.parse::<Connection>().unwrap_err();
    assert_eq!(error.code(), Code::BadConnection);
    assert!(!error.to_string().contains("abab"), "{error}");
}

#[test]
fn secrets_are_in_no_debug_text() {
    let signer = key(7);
    assert_eq!(format!("{signer:?}"), format!("SigningKey({})", signer.public().id()));
    let sdk_key = SdkKey::from_bytes(&[0xab; 32]);
    assert_eq!(sdk_key.secret(), format!("tgs_{}", "ab".repeat(32)));
    assert_eq!(format!("{sdk_key} {sdk_key:?}"), "tgs_abab… SdkKey(tgs_abab…)");
    let text = format!("tidegate+https://{}@h?environment=prod&key=none", sdk_key.secret());
    let connection: Connection = text.parse().unwrap();
    assert!(!format!("{connection} {connection:?}").contains(&"ab".repeat(8)));
    // Nor in what is said about a text that has another fault.
    for bad in [
        text.replace("prod", ""),
        text.replace("none", "x"),
        text.replace("https", "ftp"),
        text.replace("tidegate+", ""),
        text.replace("@h?", "@h:99999?"),
        text.replace("tgs_", "tgs-"),
        text.replace("@h", ":x@h"),
    ] {
        let error = bad.parse::<Connection>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&"ab".repeat(8)), "{error:?}");
    }
}

#[test]
fn connection_strings_come_back_as_they_were() {
    let (sdk_key, public) = (SdkKey::from_bytes(&[1; 32]), key(1).public());
    let secret = sdk_key.secret();
    for (text, url, environment) in [
        (
            format!("tidegate+https://{secret}@flags.example?environment=prod&key={public}"),
            "https://flags.example",
            "prod",
        ),
        (
            format!("tidegate+http://{secret}@127.0.0.1:8080/a/b?environment=prod-us&key=none"),
            "http://127.0.0.1:8080/a/b",
            "prod-us",
        ),
        (
            format!("tidegate+https://{secret}@[::1]:8443?environment=a%2Fb+c%26d&key=none"),
            "https://[::1]:8443",
            "a/b c&d",
        ),
        (
            format!("tidegate+static+https://cdn.example/dir?environment=prod&key={public}"),
            "https://cdn.example/dir",
            "prod",
        ),
    ] {
        let connection: Connection = text.parse().unwrap();
        assert_eq!((connection.url.as_str(), &*connection.environment), (url, environment), "{text}");
        assert_eq!(connection.kind == Kind::Static, connection.sdk_key.is_none(), "{text}");
        assert_eq!(connection.secret_text(), text);
        assert_eq!(connection.secret_text().parse::<Connection>().unwrap(), connection);
    }
    // The base has no slash at its end.
    let slash = format!("tidegate+https://{secret}@h/base/?key=none&environment=e");
    assert_eq!(slash.parse::<Connection>().unwrap().url, "https://h/base");
}

#[test]
fn faults_of_connection_strings_are_named() {
    let secret = SdkKey::from_bytes(&[1; 32]).secret().to_owned();
    let of = |rest: &str| rest.replace("KEY", &secret).parse::<Connection>().unwrap_err();
    for (text, code, part) in [
        ("https://KEY@h?environment=e&key=none", Code::BadConnection, "another scheme"),
        ("tidegate+ftp://KEY@h?environment=e&key=none", Code::BadConnection, "`ftp`"),
        ("tidegate+https://h?environment=e&key=none", Code::BadConnection, "SDK key"),
        ("tidegate+static+https://KEY@h?environment=e&key=none", Code::BadConnection, "no SDK key"),
        ("tidegate+https://KEY:x@h?environment=e&key=none", Code::BadConnection, "password"),
        ("tidegate+https://KEY@h?environment=e&key=none#x", Code::BadConnection, "fragment"),
        ("tidegate+https://KEY@h?environment=e", Code::BadConnection, "`key=none`"),
        ("tidegate+https://KEY@h?key=none", Code::BadConnection, "`environment=`"),
        ("tidegate+https://KEY@h?environment=&key=none", Code::BadConnection, "`environment=`"),
        ("tidegate+https://KEY@h?environment=e&environment=f&key=none", Code::BadConnection, "twice"),
        ("tidegate+https://KEY@h?enviroment=e&key=none", Code::BadConnection, "did you mean `environment`"),
        ("tidegate+https://KEY@h?environment=e&key=NONE", Code::BadPublicKey, "43 characters"),
        ("tidegate+https://tgs_1@h?environment=e&key=none", Code::BadSdkKey, "64 lower-case"),
        ("tidegate+https://KEY@?environment=e&key=none", Code::BadConnection, "address"),
    ] {
        let error = of(text);
        assert_eq!(error.code(), code, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    let long = format!("tidegate+https://KEY@h?environment={}&key=none", "e".repeat(5_000));
    assert_eq!(of(&long).code(), Code::BadConnection);
}

#[test]
fn hashes_and_keys_have_one_text() {
    let hash = Sha256::of(b"abc").to_string();
    assert_eq!(serde_json::from_value::<Sha256>(json!(hash)).unwrap(), Sha256::of(b"abc"));
    for bad in [&hash[1..], &hash.to_uppercase(), &format!("{hash}0"), &hash.replacen('b', "g", 1), "", "é"]
    {
        assert_eq!(bad.parse::<Sha256>().unwrap_err().code(), Code::BadHash, "{bad}");
        assert!(serde_json::from_value::<Sha256>(json!(bad)).is_err());
    }
    let public = key(1).public().to_string();
    assert_eq!(public.len(), 43);
    for bad in [&public[1..], &format!("{public}="), &format!("{public}A"), "", "é"] {
        assert_eq!(bad.parse::<PublicKey>().unwrap_err().code(), Code::BadPublicKey, "{bad}");
    }
    let id = key(1).public().id().to_string();
    assert_eq!(id.parse::<KeyId>().unwrap(), key(1).public().id());
    assert_eq!(SigningKey::from_seed(key(3).seed()).unwrap().public(), key(3).public());
    assert_ne!(SigningKey::generate().unwrap().public(), SigningKey::generate().unwrap().public());
}

#[test]
fn reports_of_newer_clients_are_read() {
    let text = r#"{"instance":"i-1","sdk":{"name":"rust","version":"9","build":"x"},"interval_s":30,"source":"telepathy",
        "version":3,"mood":"good","isolated":[{"feature":"f","code":"TG9999","message":"m","since":1}]}"#;
    let report: Report = serde_json::from_str(text).unwrap();
    assert_eq!((report.source, report.version, report.isolated.len()), (Source::Other, 3, 1));
    assert_eq!((report.operators, report.nack, report.exposures), (None, None, None));
    assert_eq!(serde_json::to_value(Source::Cache).unwrap(), json!("cache"));
    for missing in ["instance", "sdk", "interval_s", "source", "version"] {
        let mut less: serde_json::Value = serde_json::from_str(text).unwrap();
        less.as_object_mut().unwrap().remove(missing);
        assert!(serde_json::from_value::<Report>(less).is_err(), "{missing}");
    }
    let relay: RelayReport = serde_json::from_str(r#"{"relay":"r","interval_s":5,"more":1}"#).unwrap();
    assert!(relay.groups.is_empty() && relay.exposures.is_empty());
}

#[test]
fn a_nack_names_code_place_and_problem() {
    let error = Error::new(Code::UnknownVariant, "/features/x", "`red` is not a variant");
    let nack = Nack::new(7, &error);
    let expected = json!({"version": 7, "code": "TG2003", "message": "`red` is not a variant", "pointer": "/features/x"});
    assert_eq!(serde_json::to_value(&nack).unwrap(), expected);
    assert_eq!(Nack::new(7, &Error::new(Code::NotJson, "", "x")).pointer, None);
}
