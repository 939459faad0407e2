#!/usr/bin/env python3
"""Embeds a folder of files in a program. usage: embed.py FOLDER OUT.S OUT.cpp

OUT.S carries the bytes by .incbin (no compiler has to parse them), OUT.cpp the table that
app/assets.hpp promises.
"""
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}


def main():
    folder, assembly, table = (pathlib.Path(argument) for argument in sys.argv[1:])
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    symbols, externs, rows = [], [], []
    for number, file in enumerate(files):
        name = f"vedette_asset_{number}"
        symbols.append(
            f".global {name}\n.global {name}_end\n{name}:\n"
            f'.incbin "{file.resolve()}"\n{name}_end:\n.byte 0\n'
        )
        externs.append(f"extern const char {name}[];\nextern const char {name}_end[];\n")
        path = "/" + file.relative_to(folder).as_posix()
        kind = TYPES.get(file.suffix, "application/octet-stream")
        rows.append(f'      Asset{{"{path}", "{kind}", bytes({name}, {name}_end)}},\n')
    assembly.write_text(
        ".section .rodata\n" + "".join(symbols) + '.section .note.GNU-stack,"",@progbits\n'
    )
    table.write_text(
        "// Made by scripts/embed.py.\n#include \"app/assets.hpp\"\n\n#include <vector>\n\n"
        'extern "C" {\n' + "".join(externs) + "}\n\nnamespace vedette {\n\nnamespace {\n\n"
        "std::string_view bytes(const char* from, const char* to) {\n"
        "  return {from, static_cast<std::size_t>(to - from)};\n}\n\n}  // namespace\n\n"
        "std::span<const Asset> dashboard_assets() {\n"
        "  static const std::vector<Asset> assets{\n" + "".join(rows) + "  };\n"
        "  return assets;\n}\n\n}  // namespace vedette\n"
    )


if __name__ == "__main__":
    main()
