//! The library as it is installed: the example is built with pkg-config and with CMake, and asked over HTTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{has, libraries, project, root, soname, succeed};

/// Installed into a folder that is as good as `/`; where `PREFIX` is in it.
fn installed(into: &Path) -> PathBuf {
    let mut install = Command::new(root().join("install.sh"));
    install.env("LIBRARIES", libraries()).env("DESTDIR", into).env("PREFIX", "/opt/tidegate");
    succeed(install.env_remove("LIBDIR").env_remove("INCLUDEDIR"));
    into.join("opt/tidegate")
}

/// pkg-config, told where `/` is.
fn with_packages(command: &str, prefix: &Path, root: &Path) -> Command {
    let mut command = Command::new(command);
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", root);
    command
}

#[test]
fn installed_files_are_where_others_look_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let lib = prefix.join("lib");
    assert_eq!(
        fs::read_link(lib.join(soname())).unwrap(),
        Path::new(concat!("libtidegate.so.", env!("CARGO_PKG_VERSION")))
    );
    assert!(lib.join("libtidegate.so").exists() && lib.join("libtidegate.a").exists());
    assert!(prefix.join("include/tidegate.h").exists());
    for file in [
        "pkgconfig/tidegate.pc",
        "cmake/Tidegate/TidegateConfig.cmake",
        "cmake/Tidegate/TidegateConfigVersion.cmake",
    ] {
        let text = fs::read_to_string(lib.join(file)).unwrap();
        assert!(!text.contains('@') && !text.contains(&*folder.path().to_string_lossy()), "{file}: {text}");
    }
    if has("pkg-config") {
        let ask = |what: &str| {
            succeed(with_packages("pkg-config", &prefix, folder.path()).args([what, "tidegate"]))
        };
        assert_eq!(ask("--modversion").trim(), env!("CARGO_PKG_VERSION"));
        assert!(ask("--libs").contains("-ltidegate"));
    }
}

/// A running service, ended with the test.
struct Service {
    process: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(program: &Path, lib: &Path, snapshot: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg(snapshot).env("LD_LIBRARY_PATH", lib).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        assert!(!address.is_empty(), "the service did not start");
        Self { process, address }
    }

    fn ask(&self, query: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(format!("GET /?{query} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().last().unwrap_or_default().to_owned()
    }
}

fn serves(program: &Path, lib: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("snapshot.json");
    let text = fs::read_to_string(project().join("examples/snapshots/checkout.json")).unwrap();
    fs::write(&snapshot, &text).unwrap();
    let service = Service::start(program, lib, &snapshot);
    let staff = "user_id=u-1&email=ann@corp.example&plan=enterprise";
    assert_eq!(service.ask(staff), r#"{"checkout": true, "max_items": 500, "why": "rule"}"#);
    assert!(service.ask("").starts_with(r#"{"checkout": false, "#));

    fs::write(&snapshot, r#"{"schema_version": 1, "version": 43, "features": {}}"#).unwrap();
    succeed(Command::new("kill").args(["-HUP", &service.process.id().to_string()]));
    let end = Instant::now() + Duration::from_secs(20);
    let gone = r#"{"checkout": false, "max_items": 10, "why": "unknown_feature"}"#;
    while service.ask(staff) != gone {
        assert!(Instant::now() < end, "the snapshot is not read again: {}", service.ask(staff));
        std::thread::yield_now();
    }
}

#[test]
fn example_is_built_with_pkg_config_and_serves() {
    if !has("pkg-config") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let mut make = with_packages("make", &prefix, folder.path());
    make.arg("-C").arg(project().join("examples/c")).arg(format!("OUT={}", folder.path().display()));
    // Not those of the make that may run this test.
    succeed(make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL"));
    serves(&folder.path().join("service"), &prefix.join("lib"));
}

#[test]
fn example_is_built_with_cmake_and_serves() {
    if !has("cmake") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let build = folder.path().join("build");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(project().join("examples/c")).arg("-B").arg(&build);
    succeed(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
    succeed(Command::new("cmake").arg("--build").arg(&build));
    serves(&build.join("service"), &prefix.join("lib"));
    serves(&build.join("service-static"), &prefix.join("lib"));
}
