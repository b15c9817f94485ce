"""The headers of CPython's versions, from the packages that JavaCPP's presets publish for Maven."""

load("//third_party:pip.bzl", "unpack")

def _cpython_headers_impl(ctx):
    ctx.report_progress("fetching the headers of CPython " + ctx.attr.version)
    fetched = ctx.execute([
        "mvn",
        "--batch-mode",
        "--quiet",
        "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy",
        "-Dartifact=org.bytedeco:cpython:{}:jar:linux-x86_64".format(ctx.attr.release),
        "-DoutputDirectory={}".format(ctx.path("jar")),
    ], timeout = 1800)
    if fetched.return_code != 0:
        fail("Fetching the headers of CPython {} failed (maven is needed; `tools/setup.sh wheels` installs it):\n{}".format(
            ctx.attr.version,
            fetched.stdout + fetched.stderr,
        ))
    jar = ctx.path("jar").readdir()[0]
    checked = ctx.execute(["sha256sum", jar]).stdout.partition(" ")[0]
    if checked != ctx.attr.sha256:
        fail("{} has the checksum {} instead of {}".format(jar, checked, ctx.attr.sha256))
    inside = "org/bytedeco/cpython/linux-x86_64/include"
    unpack(ctx, jar, [inside + "/*"])
    ctx.delete("jar")
    ctx.symlink("{}/python{}".format(inside, ctx.attr.version), "include")
    ctx.symlink(Label("//third_party/cpython:headers.BUILD"), "BUILD.bazel")

_cpython_headers = repository_rule(
    implementation = _cpython_headers_impl,
    doc = """#include <Python.h>, of one version.

Those of x86-64 serve every 64-bit Linux: in what pyconfig.h says of sizes and alignments these do not differ.""",
    attrs = {
        "release": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
    },
)

_RELEASES = {
    "3.10": ("3.10.8-1.5.8", "2f101b1aa06effdbda3c318c1728b13f22b571707c7b7704abaf5d19a33aa981"),
    "3.11": ("3.11.3-1.5.9", "668b42f6a8b1a9789de7d3ca54a81fefb754cd8e885554b42858bbcbc0dd497c"),
    "3.12": ("3.12.1-1.5.10", "a135fcf4dc01adebf7ea439252276fc3196db80f7e0dd3da0b61f1ec489b68bd"),
    "3.13": ("3.13.0-1.5.11", "70a2e31fd4bb5d7f34db69ac9d2f785232ea76f3f00c1e115bf73cef3860f4c0"),
    "3.14": ("3.14.3-1.5.13", "eb5f1a6fe2dc498ac18927189a37f28a47b0ba06ae6bd85112eff023fe2eb46f"),
}

PYTHON_VERSIONS = sorted(_RELEASES)

def cpython_repository(version):
    """The name of the repository of a version's headers, "cpython_3_14"."""
    return "cpython_" + version.replace(".", "_")

def cpython_headers():
    """Defines a repository for each version."""
    for version, (release, sha256) in _RELEASES.items():
        name = cpython_repository(version)
        if not native.existing_rule(name):
            _cpython_headers(name = name, release = release, sha256 = sha256, version = version)
