"""Everything that Neura depends on: sources pinned by their checksums, and packages as Debian 12 installs them.

A consumer's WORKSPACE calls neura_repositories() once; repositories that it has defined before are left as they are.
"""

load("//third_party/cpython:cpython.bzl", "cpython_headers")
load("//third_party/cuda:config.bzl", "cuda_config")
load("//third_party/cuda:toolkit.bzl", "cuda_toolkit")
load(":pip.bzl", "pip_package", "pip_wheel")
load(":repository_rules.bzl", "bundled_repository", "source_archive", "system_library")

def _maybe(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def neura_repositories():
    """Defines the repositories that Neura's targets name. None is fetched before a target needs it."""
    _build_rules()
    _built_from_source()
    _brought_by_pip()
    _installed_by_debian()
    cpython_headers()
    _maybe(cuda_config, "cuda_config")
    _maybe(cuda_toolkit, "cuda_toolkit")

def _build_rules():
    for name in ["platforms", "remote_coverage_tools", "rules_cc"]:
        _maybe(bundled_repository, name, directory = name)
    for name, path in {
        "bazel_skylib": "/usr/share/bazel/tools/skylib",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_proto": "/usr/share/bazel/rules/proto",
    }.items():
        _maybe(native.local_repository, name, path = path)

def _built_from_source():
    _maybe(
        source_archive,
        "com_google_absl",
        debian_package = "abseil",
        debian_sha256 = "abfe2897f3a30edaa74bc34365afe3c2a3cd012091a97dc7e008f7016adcd5fe",
        strip_prefix = "abseil-20220623.1",
        upstream_sha256 = "91ac87d30cc6d79f9ab974c51874a704de9c2647c40f6932597329a282217ba8",
        upstream_strip_prefix = "abseil-cpp-20220623.1",
        upstream_url = "https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz",
        version = "20220623.1",
    )
    _maybe(
        source_archive,
        "google_benchmark",
        build_file = Label("//third_party:google_benchmark.BUILD"),
        debian_package = "benchmark",
        debian_sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
        strip_prefix = "benchmark-1.7.1",
        upstream_sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
        upstream_url = "https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz",
        version = "1.7.1",
    )
    _maybe(
        source_archive,
        "highway",
        build_file = Label("//third_party:highway.BUILD"),
        debian_package = "highway",
        debian_sha256 = "566fc77315878473d9a6bd815f7de78c73734acdcb745c3dde8579560ac5440e",
        strip_prefix = "highway-1.0.3",
        upstream_sha256 = "566fc77315878473d9a6bd815f7de78c73734acdcb745c3dde8579560ac5440e",
        upstream_url = "https://github.com/google/highway/archive/refs/tags/1.0.3.tar.gz",
        version = "1.0.3",
    )
    _maybe(
        source_archive,
        "libjpeg_turbo",
        build_file = Label("//third_party:libjpeg_turbo.BUILD"),
        debian_package = "libjpeg-turbo",
        debian_sha256 = "254f3642b04e309fee775123133c6464181addc150499561020312ec61c1bf7c",
        strip_prefix = "libjpeg-turbo-2.1.5",
        upstream_sha256 = "254f3642b04e309fee775123133c6464181addc150499561020312ec61c1bf7c",
        upstream_url = "https://github.com/libjpeg-turbo/libjpeg-turbo/archive/refs/tags/2.1.5.tar.gz",
        version = "2.1.5",
    )
    _maybe(
        source_archive,
        "libpng",
        build_file = Label("//third_party:libpng.BUILD"),
        debian_package = "libpng1.6",
        debian_sha256 = "a00e9d2f2f664186e4202db9299397f851aea71b36a35e74910b8820e380d441",
        strip_prefix = "libpng-1.6.39",
        upstream_sha256 = "a00e9d2f2f664186e4202db9299397f851aea71b36a35e74910b8820e380d441",
        upstream_url = "https://github.com/pnggroup/libpng/archive/refs/tags/v1.6.39.tar.gz",
        version = "1.6.39",
    )
    _maybe(
        source_archive,
        "pcre2",
        build_file = Label("//third_party:pcre2.BUILD"),
        debian_package = "pcre2",
        debian_sha256 = "c33b418e3b936ee3153de2c61cc638e7e4fe3156022a5c77d0711bcbb9d64f1f",
        strip_prefix = "pcre2-10.42",
        upstream_sha256 = "c33b418e3b936ee3153de2c61cc638e7e4fe3156022a5c77d0711bcbb9d64f1f",
        upstream_url = "https://github.com/PCRE2Project/pcre2/releases/download/pcre2-10.42/pcre2-10.42.tar.gz",
        version = "10.42",
    )
    _maybe(
        system_library,
        "com_google_googletest",
        build_file = Label("//third_party:googletest.BUILD"),
        debian_package = "googletest",
        links = {
            "src/googletest/googlemock": "googlemock",
            "src/googletest/googletest": "googletest",
        },
    )
    _maybe(
        source_archive,
        "utf8proc",
        build_file = Label("//third_party:utf8proc.BUILD"),
        debian_package = "utf8proc",
        debian_sha256 = "a0a60a79fe6f6d54e7d411facbfcc867a6e198608f2cd992490e46f04b1bcecc",
        strip_prefix = "utf8proc-2.8.0",
        upstream_sha256 = "a0a60a79fe6f6d54e7d411facbfcc867a6e198608f2cd992490e46f04b1bcecc",
        upstream_url = "https://github.com/JuliaStrings/utf8proc/archive/refs/tags/v2.8.0.tar.gz",
        version = "2.8.0",
    )
    _maybe(
        source_archive,
        "zlib",
        build_file = Label("//third_party:zlib.BUILD"),
        debian_package = "zlib",
        debian_sha256 = "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1",
        debian_suffix = ".dfsg.orig.tar.bz2",
        strip_prefix = "zlib-1.2.13.dfsg",
        upstream_sha256 = "b3a24de97a8fdbc835b9833169501030b8977031bcb54b3b3ac13740f846ab30",
        upstream_strip_prefix = "zlib-1.2.13",
        upstream_url = "https://github.com/madler/zlib/releases/download/v1.2.13/zlib-1.2.13.tar.gz",
        version = "1.2.13",
    )

def _brought_by_pip():
    _maybe(
        pip_package,
        "pybind11",
        build_file = Label("//third_party:pybind11.BUILD"),
        files = [
            "*/licenses/LICENSE",
            "pybind11/include/*",
        ],
        package = "pybind11",
    )
    _maybe(
        pip_package,
        "zig",
        build_file = Label("//third_party:zig.BUILD"),
        package = "ziglang",
    )
    for name, requirement in {
        "auditwheel_wheel": "auditwheel==6.8.2",
        "numpy_1_wheel": "numpy==1.26.4",
        "numpy_2_wheel": "numpy==2.4.6",
        "packaging_wheel": "packaging==26.4",
        "pyelftools_wheel": "pyelftools==0.33",
        "tokenizers_wheel": "tokenizers==0.23.3",
    }.items():
        _maybe(pip_wheel, name, requirement = requirement)

def _installed_by_debian():
    _maybe(
        system_library,
        "cairo",
        build_file = Label("//third_party:cairo.BUILD"),
        debian_package = "libcairo2-dev",
        links = {
            "include/cairo": "include/cairo",
            "lib/{triple}/libcairo.so": "lib/libcairo.so",
        },
    )
    _maybe(
        system_library,
        "cli11",
        build_file = Label("//third_party:cli11.BUILD"),
        debian_package = "libcli11-dev",
        links = {
            "include/CLI": "include/CLI",
            "share/doc/libcli11-dev/copyright": "copyright",
        },
    )
    _maybe(
        system_library,
        "eigen",
        build_file = Label("//third_party:eigen.BUILD"),
        debian_package = "libeigen3-dev",
        links = {
            "include/eigen3/Eigen": "include/eigen3/Eigen",
            "share/doc/libeigen3-dev/copyright": "copyright",
        },
    )
    _maybe(
        system_library,
        "kissfft",
        build_file = Label("//third_party:kissfft.BUILD"),
        debian_package = "libkissfft-dev",
        links = {
            "include/kissfft/kissfft.hh": "include/kissfft.hh",
            "share/doc/libkissfft-dev/copyright": "copyright",
        },
    )
    _maybe(
        system_library,
        "nasm",
        build_file = Label("//third_party:nasm.BUILD"),
        debian_package = "nasm",
        links = {"bin/nasm": "bin/nasm"},
    )
    _maybe(
        system_library,
        "nlohmann_json",
        build_file = Label("//third_party:nlohmann_json.BUILD"),
        debian_package = "nlohmann-json3-dev",
        links = {
            "include/nlohmann": "include/nlohmann",
            "share/doc/nlohmann-json3-dev/copyright": "copyright",
        },
    )
    _maybe(
        system_library,
        "onnx",
        build_file = Label("//third_party:onnx.BUILD"),
        debian_package = "libonnx-dev",
        links = {"include/onnx/onnx.proto": "onnx/onnx.proto"},
    )
    _maybe(
        system_library,
        "openblas",
        build_file = Label("//third_party:openblas.BUILD"),
        debian_package = "libopenblas-serial-dev",
        links = {
            "include/{triple}/openblas-serial": "include",
            "lib/{triple}/openblas-serial/libopenblas.a": "lib/libopenblas.a",
        },
    )
    _maybe(
        system_library,
        "protobuf",
        build_file = Label("//third_party:protobuf.BUILD"),
        debian_package = "libprotobuf-dev",
        links = {
            "include/google/protobuf": "include/google/protobuf",
            "lib/{triple}/libprotobuf.a": "lib/libprotobuf.a",
        },
    )
    _maybe(
        system_library,
        "protozero",
        build_file = Label("//third_party:protozero.BUILD"),
        debian_package = "libprotozero-dev",
        links = {
            "include/protozero": "include/protozero",
            "share/doc/libprotozero-dev/copyright": "copyright",
        },
    )
    _maybe(
        system_library,
        "python_headers",
        build_file = Label("//third_party/cpython:headers.BUILD"),
        debian_package = "python3-dev",
        links = {
            "include/python3.11": "include/python",
            "include/{triple}/python3.11": "include/{triple}/python3.11",
        },
    )
    _maybe(
        system_library,
        "sqlite3",
        build_file = Label("//third_party:sqlite3.BUILD"),
        debian_package = "libsqlite3-dev",
        links = {
            "include/sqlite3.h": "include/sqlite3.h",
            "lib/{triple}/libsqlite3.a": "lib/libsqlite3.a",
        },
    )
