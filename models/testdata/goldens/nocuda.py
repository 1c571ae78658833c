"""Lets PyPI's Linux x86-64 wheel of PyTorch run without CUDA, which it is linked against and which nothing here uses.

The libraries are 2 GB. In their place come empty ones that say "no such device" (cudaErrorNoDevice, 100) to every call,
so that PyTorch finds no GPU. Run once, after `pip install --no-deps torch`; needs gcc, nm and readelf.
"""

import pathlib
import re
import subprocess
import sysconfig
import tempfile

NO_DEVICE = 100


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbols(library):
    """Names that a library lacks, with the library version that they are asked of, and names that it has."""
    lacks, has = {}, set()
    for line in tool("nm", "-D", library).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] in ("U", "w"):
            name, _, version = words[1].partition("@")
            lacks[name] = version
        elif len(words) == 3:
            has.add(words[2].split("@")[0])
    return lacks, has


def main():
    folder = pathlib.Path(sysconfig.get_paths()["purelib"]) / "torch" / "lib"
    needed, lacks, has = set(), {}, set()
    for library in folder.glob("lib*.so*"):
        needed |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", tool("readelf", "-W", "-d", library)))
        lacking, having = symbols(library)
        lacks |= lacking
        has |= having
    absent = sorted(n for n in needed if re.match(r"lib(cu|nccl|nv)", n) and not (folder / n).exists())
    by_library = {name: [] for name in absent}
    for name, version in lacks.items():
        if name not in has and re.match(r"_*(cu|nccl|nv)", name):
            by_library[version if version in by_library else "libcudart.so.12"].append(name)
    for library, names in by_library.items():
        write_library(folder / library, names)
    print(f"{len(absent)} empty CUDA libraries in {folder}")


def write_library(path, names):
    def answer(name):  # constructors run at the start and want no handle; texts may be read
        return 0 if name.startswith("__cuda") or "String" in name else NO_DEVICE

    with tempfile.TemporaryDirectory() as scratch:
        source, versions = pathlib.Path(scratch, "empty.c"), pathlib.Path(scratch, "versions")
        source.write_text("".join(f"void *{n}(void) {{ return (void *){answer(n)}L; }}\n" for n in names))
        versions.write_text(f"{path.name} {{ global: *; }};\n")
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-w", "-nostdlib", "-o", path, source, f"-Wl,-soname,{path.name}", f"-Wl,--version-script={versions}"],
            check=True,
        )


if __name__ == "__main__":
    main()
