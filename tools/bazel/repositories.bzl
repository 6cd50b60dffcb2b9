"""Two kinds of external repository: libraries that the system has, sources that tools/setup unpacked."""

def _system_repository_impl(context):
    for package, build in context.attr.packages.items():
        context.file((package + "/" if package else "") + "BUILD.bazel", build, executable = False)
    for link, target in context.attr.links.items():
        if not context.path(target).exists:
            fail("@%s: %s is missing, want it installed; run tools/setup" % (context.name, target))
        context.symlink(target, link)

# Headers and libraries that the compiler finds by itself; the BUILD text names what to link.
system_repository = repository_rule(
    implementation = _system_repository_impl,
    attrs = {
        "links": attr.string_dict(doc = "link in the repository -> absolute path"),
        "packages": attr.string_dict(doc = "package -> text of its BUILD file"),
    },
    local = True,
)

def _cache_folder(context):
    environment = context.os.environ
    if environment.get("FLYD_CACHE"):
        return environment["FLYD_CACHE"]
    return environment.get("HOME", "/root") + "/.cache/flyd"

def _cached_repository_impl(context):
    name, version = context.name, context.attr.version
    folder = context.path("%s/%s-%s" % (_cache_folder(context), name, version))
    stamp = folder.get_child("STAMP")
    found = context.read(stamp).strip() if stamp.exists else "nothing"
    if found != version:
        fail("@%s: found %s in %s, want version %s; run tools/setup" % (name, found, folder, version))
    for child in folder.readdir():
        if child.basename not in ("STAMP", "WORKSPACE") and (not context.attr.build or child.basename != "BUILD"):
            context.symlink(child, child.basename)
    if context.attr.build:
        context.file("BUILD.bazel", context.attr.build, executable = False)

# A folder NAME-VERSION of ${FLYD_CACHE:-~/.cache/flyd} with a STAMP that says its version.
cached_repository = repository_rule(
    implementation = _cached_repository_impl,
    attrs = {
        "build": attr.string(doc = "text of the BUILD file; empty: the folder has its own"),
        "version": attr.string(mandatory = True),
    },
    environ = ["FLYD_CACHE", "HOME"],
    local = True,
)
