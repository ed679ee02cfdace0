#include "base/quote.h"

#include <stdio.h>
#include <string.h>

/* ---- Printable ---------------------------------------------------------------------------- */

/* Bytes of the well-formed UTF-8 character at `p`, 1 to 4; 0: there is none. */
static size_t character_length(const unsigned char *p) {
    size_t length = *p < 0x80 ? 1 : *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : 2;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0; /* ends at the zero, too */
    }
    return text_is_utf8((const char *)p, length) ? length : 0;
}

/* Controls of one byte, C1 controls, line separators, and what turns the writing direction. */
static bool is_control(const unsigned char *p, size_t length) {
    if (length == 1) return *p < 0x20 || *p == 0x7F;
    if (length == 2) return p[0] == 0xC2 && p[1] < 0xA0;
    if (length != 3 || p[0] != 0xE2) return false;
    return (p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE) ||
           (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9);
}

/* What stands for the first character of `text`, or for the first byte of one that is escaped.
 * Returns how many bytes of `text` that are; `piece` is ended by a zero. */
static size_t printable_piece(char piece[5], const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    size_t length = character_length(p);
    if (length && !is_control(p, length)) {
        memcpy(piece, text, length);
        piece[length] = '\0';
        return length;
    }
    snprintf(piece, 5, "\\x%02X", *p);
    return 1;
}

/* The rest of an escaped C1 control is a continuation byte, which is no character by itself. */
bool text_is_plain(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t length = character_length(p);
        if (!length || is_control(p, length)) return false;
        p += length;
    }
    return true;
}

void text_add_printable(Text *t, const char *text) {
    char piece[5];
    if (text_is_plain(text)) {
        text_add(t, "%s", text);
        return;
    }
    while (*text) {
        text += printable_piece(piece, text);
        text_add(t, "%s", piece);
    }
}

bool text_printable(char *out, size_t size, const char *text) {
    size_t used = 0;
    while (*text) {
        char piece[5];
        size_t taken = printable_piece(piece, text), length = strlen(piece);
        if (used + length + 1 > size) break;
        memcpy(out + used, piece, length);
        used += length;
        text += taken;
    }
    if (size) out[used] = '\0';
    return *text == '\0';
}

/* ---- JSON, scripts and tables -------------------------------------------------------------------
 */

static void add_json_string(Text *t, const char *text) {
    const char *from = text; /* what was not written yet and needs no escape */
    text_add(t, "\"");
    for (;; text++) {
        if ((unsigned char)*text >= ' ' && *text != '"' && *text != '\\') continue;
        text_add(t, "%.*s", (int)(text - from), from);
        if (!*text) break;
        text_add(t, *text < ' ' ? "\\u%04x" : "\\%c", *text);
        from = text + 1;
    }
    text_add(t, "\"");
}

void text_add_quoted(Text *t, const char *text) {
    if (text_is_utf8(text, strlen(text))) {
        add_json_string(t, text);
        return;
    }
    Text printable = {0}; /* JSON is UTF-8 */
    text_add_printable(&printable, text);
    add_json_string(t, printable.chars ? printable.chars : "");
    t->failed |= printable.failed;
    text_free(&printable);
}

void text_add_shell_word(Text *t, const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./,:+@%";
    if (*text && text[strspn(text, plain)] == '\0') {
        text_add(t, "%s", text);
        return;
    }
    text_add(t, "'");
    for (; *text; text++) text_add(t, *text == '\'' ? "'\\''" : "%c", *text);
    text_add(t, "'");
}

void text_add_gnuplot_string(Text *t, const char *text) {
    text_add(t, "'");
    while (*text) {
        char piece[5];
        text += printable_piece(piece, text);
        text_add(t, "%s", *piece == '\'' ? "''" : piece);
    }
    text_add(t, "'");
}

void text_add_csv_field(Text *t, const char *text) {
    size_t length = strlen(text);
    if (!text_is_utf8(text, length)) { /* a table that is no text cannot be opened at all */
        Text printable = {0};
        text_add_printable(&printable, text);
        if (printable.chars) text_add_csv_field(t, printable.chars);
        t->failed |= printable.failed;
        text_free(&printable);
        return;
    }
    bool spaced = length && (text[0] == ' ' || text[length - 1] == ' ');
    if (!spaced && text[strcspn(text, ",;\t\"\r\n")] == '\0') {
        text_add(t, "%s", text);
        return;
    }
    text_add(t, "\"");
    for (; *text; text++) text_add(t, *text == '"' ? "\"\"" : "%c", *text);
    text_add(t, "\"");
}
