"""`python -m deploy.docs.generate`: write docs/reference anew, and remove what is not made any more."""

from deploy.docs.generate.write import FOLDER, documents

made = documents()
for old in FOLDER.iterdir():
    if old.name not in made:
        old.unlink()
for name, text in made.items():
    (FOLDER / name).write_text(text, "utf-8")
