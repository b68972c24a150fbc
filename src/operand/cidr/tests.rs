use super::*;

fn has(networks: &[&str], ip: &str) -> bool {
    Networks::parse(networks.iter().copied())
        .unwrap()
        .contains(parse_ip(ip).unwrap_or_else(|| panic!("{ip}")))
}

#[test]
fn networks_have_their_addresses() {
    let table: [(&[&str], &str, bool); 33] = [
        (&["10.0.0.0/8"], "10.0.0.0", true),
        (&["10.0.0.0/8"], "10.255.255.255", true),
        (&["10.0.0.0/8"], "11.0.0.0", false),
        (&["10.0.0.0/8"], "9.255.255.255", false),
        (&["10.1.2.3/8"], "10.200.0.1", true),
        (&["0.0.0.0/0"], "255.255.255.255", true),
        (&["0.0.0.0/0"], "0.0.0.0", true),
        (&["0.0.0.0/0"], "::1", false),
        (&["0.0.0.0/0"], "::ffff:1.2.3.4", true),
        (&["1.2.3.4/32"], "1.2.3.4", true),
        (&["1.2.3.4/32"], "1.2.3.5", false),
        (&["1.2.3.4"], "1.2.3.4", true),
        (&["1.2.3.4"], "1.2.3.3", false),
        (&["255.255.255.255"], "255.255.255.255", true),
        (&["::/0"], "2001:db8::1", true),
        (&["::/0"], "1.2.3.4", false),
        (&["::/0"], "::ffff:1.2.3.4", false),
        (&["::1/128"], "0:0:0:0:0:0:0:1", true),
        (&["::1/128"], "::2", false),
        (&["2001:db8::/32"], "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
        (&["2001:db8::1:2/32"], "2001:DB8::", true),
        (&["2001:db8::/32"], "2001:db9::", false),
        (&["::ffff:10.0.0.0/104"], "10.9.9.9", true),
        (&["::ffff:10.0.0.0/104"], "11.9.9.9", false),
        (&["::ffff:10.0.0.0/96"], "203.0.113.9", true),
        (&["::ffff:a00:1"], "10.0.0.1", true),
        (&["::ffff:10.0.0.0/95"], "10.0.0.0", false),
        (&["::ffff:10.0.0.0/95"], "::fffe:1:1", true),
        (&["::10.0.0.1"], "10.0.0.1", false),
        (&["::10.0.0.1"], "::a00:1", true),
        (&[], "1.2.3.4", false),
        (&["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16"], "10.128.0.0", true),
        (&["1.0.0.0/8", "3.0.0.0/8", "5.0.0.0/8", "::1"], "4.0.0.0", false),
    ];
    for (networks, ip, expected) in table {
        assert_eq!(has(networks, ip), expected, "{ip} in {networks:?}");
    }
}

#[test]
fn adjacent_and_nested_networks_merge() {
    let networks =
        Networks::parse(["10.128.0.0/9", "10.0.0.0/9", "10.3.0.0/16", "11.0.0.0/8", "13.0.0.0/8"]).unwrap();
    assert_eq!(&*networks.v4, [(0x0a00_0000, 0x0bff_ffff), (0x0d00_0000, 0x0dff_ffff)]);
    let all = Networks::parse(["255.0.0.0/8", "0.0.0.0/0", "255.255.255.255", "::/0", "ffff::/16"]).unwrap();
    assert_eq!((all.v4.len(), all.v6.len()), (1, 1));
    assert_eq!(all.memory_usage(), 8 + 32);
}

#[test]
fn addresses_are_read_strictly() {
    for text in [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.256",
        "1.2.3.4 ",
        " 1.2.3.4",
        "0x1.2.3.4",
        "1.2.3.4/32",
        "fe80::1%eth0",
        "[::1]",
        "1::2::3",
        "12345::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::ffff:01.2.3.4",
        "1.2.3.+4",
        ":1::",
        "::1.2.3",
    ] {
        assert_eq!(parse_ip(text), None, "{text}");
    }
    assert_eq!(parse_ip("1:2:3:4:5:6:7::"), parse_ip("1:2:3:4:5:6:7:0"));
    assert_eq!(parse_ip("::ffff:0:0"), Some(Ip::V4(0)));
    assert_eq!(parse_ip("::ffff:0102:0304"), Some(Ip::V4(0x0102_0304)));
    assert_eq!(parse_ip("0.0.0.0"), Some(Ip::V4(0)));
}

#[test]
fn errors_name_the_text() {
    for text in [
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "::/129",
        "::/00",
        "x",
        "10.0.0",
        "10/8",
        "1.2.3.4/99999999999",
        "1.2.3.4 /8",
    ] {
        let (index, message) = Networks::parse(["1.1.1.1", text]).unwrap_err();
        assert_eq!(index, 1, "{text}");
        assert!(message.contains(&format!("`{text}`")), "{message}");
    }
}
