"""Whether CUDA is asked for, in a repository that loads in no time and fetches nothing."""

def _cuda_config_impl(ctx):
    enabled = ctx.os.environ.get("NEURA_CUDA", "0") == "1"
    ctx.file("BUILD.bazel", "")
    ctx.file("cuda.bzl", '"""Set by --config=cuda."""\n\nCUDA_ENABLED = {}\n'.format(enabled))

cuda_config = repository_rule(
    implementation = _cuda_config_impl,
    environ = ["NEURA_CUDA"],
)
