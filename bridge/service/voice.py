"""Texts as sound, by espeak-ng in a process of its own, kept on disk."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from bridge.domain.sound import Sound, SoundError, joined, read_wav, write_wav
from bridge.domain.speech import CHINESE, ENGLISH, Spoken

log = logging.getLogger(__name__)

PROGRAM: Final = "espeak-ng"
FOLDER: Final = "voice"
"""Below the data directory."""
MOST_FILES: Final = 500
LIMIT_S: Final = 5.0
"""One text takes 0.05 s; on a machine that needs longer than this nobody waits."""

_VOICES: Final[Mapping[str, Sequence[str]]] = {
    # espeak-ng 1.51 says Chinese characters by voice `cmn` in English syllables; by
    # the voice for pinyin it says them right. Versions without it have a right `cmn`.
    CHINESE: ("cmn-latn-pinyin", "cmn"),
    ENGLISH: ("en-gb", "en"),
}
_SPEED_WPM: Final = 150
_PAUSE_S: Final = 0.4
_AT_ONCE: Final = 2
_MAKING: Final = "1"
"""Part of a file's name; a new way of speaking needs a new one."""


class SpeechError(Exception):
    """The machine cannot speak now; the message says why and what to do."""


class Speaker:
    """Makes WAVs; the same text is made once, however many ask."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        program: str = PROGRAM,
        limit_s: float = LIMIT_S,
        most_files: int = MOST_FILES,
    ) -> None:
        self._folder = folder
        self._program = program
        self._limit_s = limit_s
        self._most_files = most_files
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._is_disk_bad = False

    @property
    def is_able(self) -> bool:
        """Whether there is a program that speaks."""
        return shutil.which(self._program) is not None

    async def wav(self, spoken: Sequence[Spoken]) -> bytes:
        """The texts one after another; raises `SpeechError`."""
        name = _name(spoken)
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            known = await asyncio.to_thread(self._read, name)
            if known is not None:
                return known
            try:
                async with asyncio.timeout(self._limit_s), self._room:
                    sounds = [await self._speak(each) for each in spoken]
                made = write_wav(joined(sounds, pause_s=_PAUSE_S))
            except TimeoutError as error:
                raise SpeechError(
                    f"{self._program} took longer than {self._limit_s:g} s"
                ) from error
            except SoundError as error:
                raise SpeechError(f"{self._program}: {error}") from error
            await asyncio.to_thread(self._keep, name, made)
            return made

    async def _speak(self, spoken: Spoken) -> Sound:
        said = ""
        for voice in _VOICES.get(spoken.lang, ()):
            status, out, said = await self._run(voice, spoken.text)
            if status == 0 and out:
                return read_wav(out)
        raise SpeechError(
            f"{self._program} has no voice for {spoken.lang}: {said or 'none known'}"
        )

    async def _run(self, voice: str, text: str) -> tuple[int, bytes, str]:
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *("-v", voice, "-s", str(_SPEED_WPM), "-b", "1", "--stdin", "--stdout"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise SpeechError(
                f"{self._program} cannot be started ({error.strerror}); install the "
                "package espeak-ng"
            ) from error
        try:
            out, told = await process.communicate(text.encode())
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode or 0, out, told.decode(errors="replace").strip()

    def _read(self, name: str) -> bytes | None:
        if self._folder is None:
            return None
        path = self._folder / name
        try:
            content = path.read_bytes()
            os.utime(path)  # used now: the oldest go first
        except OSError:
            return None
        return content

    def _keep(self, name: str, content: bytes) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self._folder, suffix=".part", delete=False
            ) as part:
                part.write(content)
            Path(part.name).replace(self._folder / name)
            self._forget_oldest()
        except OSError as error:
            # The sound is there all the same; only the next one costs more.
            if not self._is_disk_bad:
                log.warning("%s: sounds are not kept: %s", self._folder, error)
            self._is_disk_bad = True
        else:
            self._is_disk_bad = False

    def _forget_oldest(self) -> None:
        assert self._folder is not None  # noqa: S101 - asked by `_keep` alone
        kept = []
        for path in self._folder.iterdir():
            with suppress(OSError):  # another made it go meanwhile
                kept.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(kept)[: max(0, len(kept) - self._most_files)]:
            path.unlink(missing_ok=True)


def _name(spoken: Sequence[Spoken]) -> str:
    texts = [_MAKING, *([each.lang, each.text] for each in spoken)]
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    return f"{digest[:32]}.wav"
