"""
From ``processing/<claim>/`` into a folder on the shelf that an earlier claim has filled: languages that came later.

File by file, because the folder is there already; what people have put there is never replaced. The receipt goes last
and names the claim, so after a crash what is left is carried over, and nothing twice.
"""

import errno
import itertools
from collections.abc import Mapping

from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.places import copying, naming, taking
from panjaya_watchd.places.naming import PROCESSING, base, lying, numbered_file, within
from panjaya_watchd.places.steps import files, leave, mentions, sweep, write
from panjaya_watchd.places.tree import Kind, Tree


def join(tree: Tree, claim_id: ClaimId, target: Tree, filed: str, papers: Mapping[str, str]) -> bool:
    """
    Carry everything of a claim into a folder on a shelf; False where that is not there any more.

    Durable when it returns. False as well where the claim's own folder is gone and none of its papers is there.
    """
    folder, fitting = lying(claim_id), {naming.fit(name): text for name, text in papers.items()}
    look = target.look(filed)
    if look is None or look.kind is not Kind.FOLDER:
        return False
    if tree.look(folder) is None:
        taking.expect(tree, PROCESSING)
        return any(_is_there(target, filed, name, claim_id) for name in fitting)
    sweep(tree, folder)
    for name, text in fitting.items():
        if not _is_there(target, filed, name, claim_id):
            write(tree, within(folder, name), text)
    tree.sync(folder)
    names = [name for name, _ in files(tree, folder)]
    for group in ([name for name in names if name not in fitting], [name for name in names if name in fitting]):
        for name in group:
            _carry(tree, within(folder, name), target, filed)
        target.sync(filed)  # a paper that is there says that all the rest is
        tree.sync(folder)
    leave(tree, folder)
    return True


def _is_there(target: Tree, filed: str, name: str, claim_id: ClaimId) -> bool:
    """Say whether a claim's own paper was carried over before a crash."""
    numbers = itertools.takewhile(
        lambda number: target.look(within(filed, numbered_file(name, number))) is not None, itertools.count(1)
    )
    return any(mentions(target, within(filed, numbered_file(name, number)), claim_id) for number in numbers)


def _carry(tree: Tree, source: str, target: Tree, filed: str) -> None:
    """Move a file under its name, or the first free number of it."""
    for number in itertools.count(1):
        name = within(filed, numbered_file(base(source), number))
        try:
            tree.move(source, name, target)
        except FileExistsError:
            if target is not tree or tree.look(source) != tree.look(name):
                continue
            tree.remove(source)  # a rename by link and unlink was cut between the two (`durable.rename`)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            if not _copied(tree, source, target, name):
                continue
        return


def _copied(tree: Tree, source: str, target: Tree, name: str) -> bool:
    """Copy a file to another device and remove it here; False where the name is another file's."""
    if target.look(name) is None:
        making = within(naming.parent(name), naming.copy_of_a_part(base(source)))  # by whatever name it is asked again
        copying.copy(tree, source, target, making)
        try:
            target.move(making, name)
        except FileExistsError:
            target.remove(making)
            return False
        target.sync(naming.parent(name))
    elif not _is_copy(tree, source, target, name):
        return False
    tree.remove(source)
    return True


def _is_copy(tree: Tree, source: str, target: Tree, name: str) -> bool:
    """Say whether a name is a whole copy of a file, which a crash kept from being its only one."""
    look = target.look(name)
    return look is not None and look.kind is Kind.FILE and copying.equal(tree, source, target, name)
