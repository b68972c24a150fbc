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
    install(into, "/opt/tidegate", "/opt/tidegate/lib");
    into.join("opt/tidegate")
}

fn install(into: &Path, prefix: &str, lib: &str) {
    let mut install = Command::new(root().join("install.sh"));
    install.env("LIBRARIES", libraries()).env("DESTDIR", into);
    succeed(install.env("PREFIX", prefix).env("LIBDIR", lib).env_remove("INCLUDEDIR"));
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
    assert_eq!(fs::read_link(lib.join(soname())).unwrap(), Path::new(full_name()));
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

/// What `make install` would do; to do it takes minutes.
#[test]
fn client_is_installed_where_it_is_asked_for() {
    let would = |features: &str| {
        let mut make = Command::new("make");
        make.args(["--dry-run", "install", features]).current_dir(project());
        succeed(make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL"))
    };
    assert!(would("C_FEATURES=http").contains(" --features 'http' "));
    assert!(!would("C_FEATURES=").contains("--features"));
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

    /// The whole answer to a query, which may be no text.
    fn get(&self, query: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(&[b"GET /?", query, b" HTTP/1.0\r\n\r\n"].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn ask(&self, query: &str) -> String {
        self.get(query.as_bytes()).lines().last().unwrap_or_default().to_owned()
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

    // More of them than it has workers: each must have survived.
    for _ in 0..8 {
        let refused = service.get(b"user_id=u-1&plan=\xff");
        assert!(refused.starts_with("HTTP/1.0 400 ") && refused.contains("UTF-8"), "{refused}");
    }
    assert_eq!(service.ask(staff), r#"{"checkout": true, "max_items": 500, "why": "rule"}"#);

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

/// CMake, for a project to be built, told where something is.
fn configure(project: &Path, build: &Path, name: &str, place: &Path) -> Command {
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(project).arg("-B").arg(build).arg(format!("-D{name}={}", place.display()));
    configure
}

#[test]
fn example_is_built_with_cmake_and_serves() {
    if !has("cmake") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    let build = folder.path().join("build");
    succeed(&mut configure(&project().join("examples/c"), &build, "CMAKE_PREFIX_PATH", &prefix));
    succeed(Command::new("cmake").arg("--build").arg(&build));
    serves(&build.join("service"), &prefix.join("lib"));
    serves(&build.join("service-static"), &prefix.join("lib"));
}

/// The package is found in `found`, which may be a link, and is to give what is in `lib` and `usr/include`.
fn is_found_by_cmake(root: &Path, found: &str, lib: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (project, build) = (folder.path().join("project"), folder.path().join("build"));
    fs::create_dir(&project).unwrap();
    fs::write(
        project.join("CMakeLists.txt"),
        "cmake_minimum_required(VERSION 3.16)\nproject(probe C)\nfind_package(Tidegate REQUIRED)\n\
         get_target_property(library Tidegate::tidegate IMPORTED_LOCATION)\n\
         get_target_property(archive Tidegate::static IMPORTED_LOCATION)\n\
         get_target_property(include Tidegate::tidegate INTERFACE_INCLUDE_DIRECTORIES)\n\
         file(WRITE \"${CMAKE_BINARY_DIR}/found\" \"${library}\\n${archive}\\n${include}\\n\")\n\
         add_executable(probe probe.c)\ntarget_link_libraries(probe PRIVATE Tidegate::tidegate)\n",
    )
    .unwrap();
    fs::write(
        project.join("probe.c"),
        "#include <tidegate.h>\nint main(void) { return (int)tg_version() - TG_VERSION; }\n",
    )
    .unwrap();
    succeed(&mut configure(&project, &build, "Tidegate_DIR", &root.join(found)));
    let wanted: Vec<PathBuf> = [format!("{lib}/{}", full_name()), format!("{lib}/libtidegate.a")]
        .iter()
        .map(|file| fs::canonicalize(root.join(file)).unwrap())
        .chain([fs::canonicalize(root.join("usr/include")).unwrap()])
        .collect();
    let given = fs::read_to_string(build.join("found")).unwrap();
    let given: Vec<&Path> = given.lines().map(Path::new).collect();
    let same: Vec<PathBuf> = given.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    assert_eq!(same, wanted, "{found}: {given:?}");
    assert!(given.iter().all(|path| !path.to_string_lossy().contains("..")), "{found}: {given:?}");
    succeed(Command::new("cmake").arg("--build").arg(&build));
    succeed(&mut Command::new(build.join("probe")));
}

fn full_name() -> &'static str {
    concat!("libtidegate.so.", env!("CARGO_PKG_VERSION"))
}

/// As on Debian and Fedora, where /lib is a link to usr/lib, and the libraries of one machine have a folder of their own.
#[test]
fn cmake_package_is_found_wherever_it_is_and_by_a_link() {
    if !has("cmake") {
        return;
    }
    for (lib, top) in
        [("usr/lib", "lib"), ("usr/lib64", "lib64"), ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")]
    {
        let folder = tempfile::tempdir().unwrap();
        // Another place than what `canonicalize` makes of it would not be told apart.
        let root = fs::canonicalize(folder.path()).unwrap();
        install(&root, "/usr", &format!("/{lib}"));
        for merged in ["lib", "lib64"] {
            std::os::unix::fs::symlink(Path::new("usr").join(merged), root.join(merged)).unwrap();
        }
        is_found_by_cmake(&root, &format!("{lib}/cmake/Tidegate"), lib);
        is_found_by_cmake(&root, &format!("{top}/cmake/Tidegate"), lib);
    }
}

#[test]
fn cmake_says_what_is_not_installed() {
    if !has("cmake") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = installed(folder.path());
    fs::remove_file(prefix.join("include/tidegate.h")).unwrap();
    let build = folder.path().join("build");
    let mut configure = configure(&project().join("examples/c"), &build, "CMAKE_PREFIX_PATH", &prefix);
    let output = configure.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("include/tidegate.h"), "{said}");
}
