"""Words that columns are often called, in the languages of the pack: evidence for a header."""

from __future__ import annotations

import re
import unicodedata


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DECISIVE = _of(
    """
    prompt prompts caption captions filename filenames filepath id uuid url
    cfg sampler scheduler ckpt checkpoint lora
    bildunterschrift dateiname légende leyenda legenda промпт промт подпись
    提示词 提示詞 正向提示词 正向提示詞 负面提示词 負面提示詞 反向提示词 反向提示詞
    文件名 檔名 檔案名稱
    プロンプト ネガティブプロンプト キャプション ファイル名 프롬프트 캡션 파일명
    """
)
"""No value in a table is one of these alone."""

_MAY_BE_PROMPTS = _of("checkpoint legenda leyenda légende lora")
"""A border, a legend, or a woman's name: in a single column, one is a prompt like the others."""

_MAY_BE_TAGS = _MAY_BE_PROMPTS | _of(
    """
    caption captions id url bildunterschrift подпись キャプション 캡션
    """
)
"""What else is written among the tags of an image, or of what is not to be in one."""

_PROMPTS = frozenset({"caption", "captions", "prompt", "prompts"})
_OF_PROMPTS = frozenset({"image", "neg", "negative", "pos", "positive", "style", "text"})
_OF_FILES = frozenset(
    {"audio", "file", "image", "img", "input", "mask", "output", "source", "target", "video"}
)
_IN_FILES = frozenset({"file", "filename", "id", "name", "path", "url"})
"""With one of the words before, two words are as decisive: `negative prompt`, `image path`. Alone,
one may end a prompt, such as `forest path`."""

_TEXTS = _of(
    """
    description descriptions keyword keywords name names sentence sentences
    tag tags text texts title titles
    beschreibung titel
    nom texte titre
    descripción nombre texto título
    descrição nome
    название описание текст
    文本 文字 标题 標題 描述 名称 名稱 テキスト タイトル 説明 名前 텍스트 제목 설명 이름
    """
)
"""What else a single column of texts is called."""

_USUAL = _of(
    """
    action age amount animal answer artist aspect author batch category character class color colour
    comment comments count country date denoise duration email emotion expression file format gender
    genre group height image index item key label language location loop mask material medium model
    mood neg negative no note notes nr number object order output path person place pos positive
    price priority product question rating ratio resolution row scene score season seed setting size
    source status steps strength style subject theme time type value version weather weight width
    anzahl bild breite datei farbe größe höhe kategorie motiv nummer ort preis stil stimmung thema
    catégorie couleur fichier lieu numéro prix sujet taille
    archivo categoría color estilo imagen lugar número precio tamaño tema
    arquivo categoria cor imagem preço tamanho
    изображение категория номер объект место стиль тема цвет цена
    编号 編號 风格 風格 种子 種子 颜色 顏色 主题 主題 图片 圖片 场景 場景 角色 类别 類別 价格 價格
    スタイル シード 画像 番号 色 場所 価格 스타일 시드 이미지 번호 색 색상 장소 가격
    """
)
"""A prompt of a few words may have one of these, hardly more than half of all."""

_LAST_OF_USUAL = frozenset({"name", "number", "type"})
"""What two or three words end with that are such a name, as in `first name`."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*\Z")
_BETWEEN = re.compile(r"[\s_./:-]+")
_MOST_WORDS = 3
_LONGEST_MARK = 2
"""Of a language or a number: `prompt en`, `prompt 2`. `Prompt engineer` is a prompt."""


def is_decisive(name: str) -> bool:
    """Whether a text is the name of a column, whatever is beside it: `negative_prompt`, `id`."""
    words = _words(name)
    if len(words) == 1:
        return words[0] in _DECISIVE
    is_joined = len(name.split()) == 1
    if 1 < len(words) <= _MOST_WORDS and words[-1] in _PROMPTS:
        return is_joined or words[0] in _OF_PROMPTS
    if len(words) != 2:  # noqa: PLR2004 - two words
        return False
    first, second = words
    if first in _PROMPTS:
        return second in _OF_PROMPTS | _IN_FILES or len(second) <= _LONGEST_MARK
    return first in _OF_FILES and second in _IN_FILES


def is_no_tag(name: str) -> bool:
    """Whether a text is the name of a column, also where people list words: `prompt`, `cfg`."""
    words = _words(name)
    return is_decisive(name) and not (len(words) == 1 and words[0] in _MAY_BE_TAGS)


def is_usual(name: str) -> bool:
    """Whether a text is often the name of a column: `style`, `First Name`."""
    words = _words(name)
    if len(words) == 1:
        return words[0] in _DECISIVE | _TEXTS | _USUAL
    return is_decisive(name) or (1 < len(words) <= _MOST_WORDS and words[-1] in _LAST_OF_USUAL)


def is_name_of_texts(name: str) -> bool:
    """Whether a text is the name of a column even if that is the only one: `prompt`, `text`."""
    words = _words(name)
    if len(words) != 1:
        return is_decisive(name)
    return words[0] in (_DECISIVE | _TEXTS) - _MAY_BE_PROMPTS


def _words(name: str) -> list[str]:
    """The words of a name in any spelling, in small letters: also of `cfgScale`, `Prompt (EN)`."""
    text = _CAMEL.sub(" ", _REMARK.sub("", unicodedata.normalize("NFKC", name)))
    return [word for word in _BETWEEN.split(text.casefold()) if word]
