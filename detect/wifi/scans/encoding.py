"""From the bytes of a list to its text: Unicode, or one of the code pages that Windows consoles write in."""

from __future__ import annotations

import codecs
import re

#: Words that ``netsh wlan show networks`` prints in languages whose letters are not ASCII, by the code page of that
#: language's console (Microsoft, "Code Page Identifiers"). They choose the code page, nothing else.
_WORDS = {
    "cp850": "Verschlüsselung Schlüssel réseau Débits Señal Autenticación Básicas Autenticação Criptografia Gültig",
    "cp437": "Verschlüsselung réseau Señal",
    "cp1252": "Verschlüsselung réseau Débits Señal Autenticación Autenticação Básicas",
    "cp936": "信号 频道 网络类型 身份验证 加密 无线电类型 接口名称 当前 速率 波段",
    "cp950": "訊號 頻道 通道 網路類型 驗證 加密 無線電類型 介面名稱 目前 速率",
    "cp932": "シグナル チャネル ネットワークの種類 認証 暗号化 無線タイプ インターフェイス名 現在 レート バンド",
    "cp949": "신호 채널 네트워크 종류 인증 암호화 송수신 장치 인터페이스 이름 현재 속도 밴드",
    "cp866": "Сигнал Канал Тип сети Проверка подлинности Шифрование Имя интерфейса",
    "cp1251": "Сигнал Канал Тип сети Проверка подлинности Шифрование Имя интерфейса",
    "cp852": "Sygnał Kanał Uwierzytelnianie Szyfrowanie sieci Síť Šifrování Ověřování",
    "cp857": "Şifreleme Kimlik Doğrulama Sinyal Ağ",
}

_NETSH = re.compile(rb"SSID\s+\d+\s*:")

#: Share of NULs at every second place from which a text without a mark is taken for UTF-16: Latin text has nearly
#: all of them, and no other encoding has any.
_NUL_SHARE = 0.3


def decode_list(data: bytes) -> str:
    """Return the text of a list.

    UTF-8 and UTF-16 by their marks or their form. Else, for ``netsh``, the code page whose language's words are
    found most often; for everything else UTF-8 where a line is that and Latin-1 where it is not. Any bytes give
    a text.
    """
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _whole(data, "utf-16")
    else:
        head = data[:4096]
        for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            nuls = head[start::2]
            if len(nuls) > 8 and nuls.count(0) > _NUL_SHARE * len(nuls) and head[1 - start :: 2].count(0) == 0:
                return _whole(data, name)
    try:
        # A list that is cut may end within a character.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        pass
    if _NETSH.search(data):
        return _whole(data, _code_page(data[: 1 << 16]))
    return "\n".join(_line(line) for line in data.split(b"\n"))


def _code_page(data: bytes) -> str:
    """The code page in which most words of a language are found."""
    best, most = "cp850", 0
    for name, words in _WORDS.items():
        text = data.decode(name, "replace")
        found = sum(min(text.count(word), 50) for word in words.split() if not word.isascii())
        if found > most:
            best, most = name, found
    return best


def _whole(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace")


def _line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
