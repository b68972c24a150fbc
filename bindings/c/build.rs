//! Gives the shared library its SONAME. While the version is 0.x, each minor version is an ABI of its own.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let (major, minor) = (of("CARGO_PKG_VERSION_MAJOR"), of("CARGO_PKG_VERSION_MINOR"));
    let abi = if major == "0" { format!("0.{minor}") } else { major };
    match of("CARGO_CFG_TARGET_OS").as_str() {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libtidegate.so.{abi}");
            println!("cargo::rustc-cdylib-link-arg=-Wl,--icf=all");
            // 7,000 relocations in 2 KB instead of 170. The loader of glibc reads them since 2.36; TIDEGATE_RELR=0 is for older ones.
            println!("cargo::rerun-if-env-changed=TIDEGATE_RELR");
            if of("CARGO_CFG_TARGET_ENV") == "gnu" && of("TIDEGATE_RELR") != "0" {
                println!("cargo::rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
            }
        }
        "macos" | "ios" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libtidegate.{abi}.dylib");
        }
        _ => {}
    }
}
