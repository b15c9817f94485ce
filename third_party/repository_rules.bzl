"""Repository rules that find dependencies where a Debian machine has them."""

def _bundled_repository_impl(ctx):
    root = ctx.path(Label("//third_party:BUILD")).dirname
    for child in root.get_child(ctx.attr.directory).readdir():
        ctx.symlink(child, child.basename)

bundled_repository = repository_rule(
    implementation = _bundled_repository_impl,
    doc = "A repository kept in a folder of third_party, reachable from a consumer's workspace too.",
    attrs = {"directory": attr.string(mandatory = True)},
    local = True,
)

def _debian_mirrors(ctx):
    """The addresses of the Debian archives that this machine's apt uses, most used first."""
    if not ctx.which("apt-get"):
        return []
    listing = ctx.execute(["apt-get", "update", "--print-uris"])
    mirrors = []
    for line in listing.stdout.splitlines():
        address = line.partition("'")[2].partition("/dists/")[0]
        if address and address not in mirrors:
            mirrors.append(address)
    return mirrors

def _source_archive_impl(ctx):
    package, version = ctx.attr.debian_package, ctx.attr.version
    folder = package[:4] if package.startswith("lib") else package[0]
    pool_path = "/pool/main/{}/{}/{}_{}{}".format(folder, package, package, version, ctx.attr.debian_suffix)
    downloaded = struct(success = False)
    mirrors = _debian_mirrors(ctx)
    if mirrors:
        downloaded = ctx.download_and_extract(
            url = [mirror + pool_path for mirror in mirrors],
            sha256 = ctx.attr.debian_sha256,
            stripPrefix = ctx.attr.strip_prefix,
            allow_fail = True,
        )
    if not downloaded.success:
        ctx.download_and_extract(
            url = ctx.attr.upstream_url,
            sha256 = ctx.attr.upstream_sha256,
            stripPrefix = ctx.attr.upstream_strip_prefix or ctx.attr.strip_prefix,
        )
    if ctx.attr.build_file:
        for own in ["BUILD", "BUILD.bazel"]:
            ctx.delete(own)
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

source_archive = repository_rule(
    implementation = _source_archive_impl,
    doc = """A pinned source archive: from the Debian archive that apt uses, else from upstream.

Bazel's repository cache keeps the archive, so other output bases do not download it again.""",
    attrs = {
        "build_file": attr.label(doc = "Replaces the archive's own build file."),
        "debian_package": attr.string(mandatory = True),
        "debian_sha256": attr.string(mandatory = True),
        "debian_suffix": attr.string(default = ".orig.tar.gz", doc = "What follows the version in the archive's name."),
        "strip_prefix": attr.string(mandatory = True),
        "upstream_sha256": attr.string(mandatory = True),
        "upstream_strip_prefix": attr.string(doc = "If it differs from strip_prefix."),
        "upstream_url": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
    },
)

def _system_library_impl(ctx):
    triple = ctx.execute(["gcc", "-print-multiarch"]).stdout.strip()
    for source, destination in ctx.attr.links.items():
        path = ctx.path("/usr/" + source.format(triple = triple))
        if not path.exists:
            fail("{} is missing: install Debian's package {} (tools/setup.sh does it)".format(path, ctx.attr.debian_package))
        ctx.symlink(path, destination.format(triple = triple))
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

system_library = repository_rule(
    implementation = _system_library_impl,
    doc = "Chosen files of an installed Debian package, and nothing else of /usr, as a repository.",
    attrs = {
        "build_file": attr.label(mandatory = True),
        "debian_package": attr.string(mandatory = True),
        "links": attr.string_dict(
            mandatory = True,
            doc = "Path below /usr, where {triple} stands for the machine's (x86_64-linux-gnu) -> path in the repository, likewise.",
        ),
    },
    local = True,
)
