#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""resources.py CL RESULTS [PAGE [--update]]: what the compilers said of each kernel of CL, against the table that PAGE has.

RESULTS/TARGET/FAMILY.txt is a compiler's report; of all instances of an entry the worst counts. Prints a line for each target
that is as the page says, "pass TARGET", and one for each fault: more scratch memory (or spills), registers or local memory, or
lower occupancy, than the page has, a kernel that the page or the programs lack. With --update the page's table is rewritten;
without a page any scratch memory is one, and nothing else.
"""
import re
import struct
import sys
from pathlib import Path

BEGIN, END = "<!-- table -->", "<!-- end -->"
NVIDIA_REGISTERS, NVIDIA_WARPS = 65536, 64  # of a multiprocessor


def amd(text):
    """A remark a line; a function's come together."""
    number = lambda part, name: int(re.search(re.escape(name) + r"[^:\n]*: (\d+)", part)[1])
    for part in re.split(r"remark: Function Name: ", text)[1:]:
        yield part.split()[0], {
            "registers": number(part, " VGPRs"), "occupancy": number(part, "Occupancy"), "local": number(part, "LDS Size"),
            "scratch": number(part, "ScratchSize") + number(part, "VGPRs Spill")}


def nvidia(text):
    """ptxas -v. Registers are given to a warp in units of 256, warps to a multiprocessor in fours."""
    for part in text.split("Compiling entry function '")[1:]:
        registers = int(re.search(r"Used (\d+) registers", part)[1])
        local = re.search(r"(\d+) bytes smem", part)
        warps = NVIDIA_REGISTERS // (-(-registers // 8) * 256) // 4 * 4
        yield part.split("'")[0], {
            "registers": registers, "occupancy": min(warps, NVIDIA_WARPS), "local": int(local[1]) if local else 0,
            "scratch": sum(int(n) for n in re.findall(r"(\d+) bytes (?:stack frame|spill)", part))}


def intel(text):
    """ocloc disasm's PTM.txt: tokens of 32-bit words. 23: the execution environment, 18: scratch, 15: local memory."""
    for part in re.split(r"\nKernel #\d+", text)[1:]:
        name = re.search(r"KernelName (\S+)", part)
        tokens = {int(t): struct.unpack_from("<4I", bytes(int(x, 16) for x in words.split()).ljust(16, b"\0"))
                  for t, words in re.findall(r"Token (\d+)\n\s+4 Size \d+\n\s+Hex ([^\n]*)", part)}
        if name:
            yield name[1], {"simd": tokens[23][3], "scratch": tokens.get(18, (0, 0))[1], "local": tokens.get(15, (0, 0))[1]}


READERS = {"gfx": amd, "sm_": nvidia}
GROWS = {"registers": max, "local": max, "scratch": max, "occupancy": min, "simd": min}


def read(results):
    """{target: {"family.entry": {what: worst}}}"""
    found = {}
    for report in sorted(results.glob("*/*.txt")):
        target, family = report.parent.name, report.stem
        for name, facts in READERS.get(target[:3], intel)(report.read_text(errors="replace")):
            worst = found.setdefault(target, {}).setdefault(f"{family}.{name.rsplit('_', 1)[0]}", {})
            for what, value in facts.items():
                worst[what] = GROWS[what](worst.get(what, value), value)
    return found


def cell(facts):
    text = f"{facts['registers']} / {facts['occupancy']}" if "registers" in facts else str(facts["simd"])
    return text + f", scratch {facts['scratch']}" * (facts["scratch"] > 0)


def facts_of(target, cell_text, local):
    numbers = [int(n) for n in re.findall(r"\d+", cell_text)]
    keys = ("registers", "occupancy", "scratch") if target[:3] in READERS else ("simd", "scratch")
    return {"scratch": 0, "local": local, **dict(zip(keys, numbers))} if numbers else None


def read_page(text):
    """The same as read() gives; no facts where a cell is empty."""
    rows = [[c.strip() for c in line.strip("|\n ").split("|")] for line in text.partition(BEGIN)[2].partition(END)[0].splitlines()
            if line.startswith("|")]
    page = {target: {} for target in rows[0][2:]} if rows else {}
    for row in rows[2:]:
        for target, text_of_cell in zip(rows[0][2:], row[2:]):
            facts = facts_of(target, text_of_cell, int(row[1]))
            if facts:
                page[target][row[0]] = facts
    return page


def write_table(found, unseen):
    targets = list(found)
    kernels = sorted({kernel for of in found.values() for kernel in of})
    lines = ["| kernel | local bytes | " + " | ".join(targets) + " |", "|---" * (len(targets) + 2) + "|"]
    for kernel in kernels:
        local = max(of[kernel]["local"] for of in found.values() if kernel in of)
        cells = [cell(of[kernel]) if kernel in of else "" for of in found.values()]
        lines.append(f"| {kernel} | {local} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\nFor CPUs only, in no program for GPUs: " + ", ".join(sorted(unseen)) + ".\n"


def faults(target, now, page):
    """page None: there is none, and scratch memory is the one fault."""
    for kernel, facts in now.items():
        for what, value in facts.items():
            have = page.get(kernel, {}).get(what) if page is not None else 0 if what == "scratch" else value
            if have is None or GROWS[what](have, value) != have:
                yield f"{target}: {kernel}: {what} {value}, the page has {have}"
    for kernel in (page or {}).keys() - now.keys():
        yield f"{target}: {kernel} is on the page and in no program"


def main(cl, results, page_path=None, update=None):
    found = read(Path(results))
    all_kernels = {f"{file.stem}.{name}" for file in Path(cl).glob("*.cl")
                   for name in re.findall(r"KERNEL\((\w+)\)", file.read_text())}
    unseen = all_kernels - {kernel for of in found.values() for kernel in of}
    text = Path(page_path).read_text() if page_path else ""
    if update:
        head, _, rest = text.partition(BEGIN)
        text = head + BEGIN + "\n" + write_table(found, unseen) + END + rest.partition(END)[2]
        Path(page_path).write_text(text)
    page = read_page(text)
    for target, now in found.items():
        wrong = list(faults(target, now, page.get(target, {}) if page_path else None))
        print("\n".join(wrong) or f"pass {target}")
    listed = set(re.findall(r"\w+\.\w+", text.partition("For CPUs only")[2].partition(END)[0]))
    if page_path and found and unseen != listed:
        print(f"in no program for GPUs: {', '.join(sorted(unseen))}; the page says otherwise")


main(*sys.argv[1:])
