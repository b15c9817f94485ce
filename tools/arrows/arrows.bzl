"""Tests of who may know whom."""

def arrows_test(library, targets, may_reach):
    """Fails when a target reaches, through any chain of dependencies, what its library may not know.

    Args:
      library: the library's folder.
      targets: its public targets.
      may_reach: folders of this repository ("tensor") and other repositories ("@zlib"), apart from what
        Bazel's own rules bring along.
    """
    native.genquery(
        name = library + "_reach",
        expression = "deps(set({}))".format(" ".join(targets)),
        scope = targets,
        testonly = True,
    )
    native.sh_test(
        name = library + "_arrows_test",
        size = "small",
        srcs = ["check_arrows.py"],
        args = ["$(location :{}_reach)".format(library), library] + may_reach,
        data = [":{}_reach".format(library)],
    )
