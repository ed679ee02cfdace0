#include "cli/prompts_csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/common.h"
#include "cli/error.h"
#include "cli/numbers.h"

/* ---- Columns ---------------------------------------------------------------------------- */

typedef enum Column {
    IMAGE,
    X0,
    Y0,
    X1,
    Y1,
    WIDTH,
    HEIGHT,
    X,
    Y,
    POSITIVE,
    OBJECT,
    VALUE,
    TEXTS, /* from here on: fields of a prompts file that are texts */
    LABEL = TEXTS,
    CLASS,
    EXPERT,
    TEXT,
    MASK,
    SLICE,
    COLUMNS
} Column;

static const struct {
    const char *name;
    Column column;
} names[] = {{"image", IMAGE},
             {"file", IMAGE},
             {"filename", IMAGE},
             {"name", IMAGE},
             {"x0", X0},
             {"y0", Y0},
             {"x1", X1},
             {"y1", Y1},
             {"xmin", X0},
             {"ymin", Y0},
             {"xmax", X1},
             {"ymax", Y1},
             {"width", WIDTH},
             {"w", WIDTH},
             {"height", HEIGHT},
             {"h", HEIGHT},
             {"x", X},
             {"y", Y},
             {"positive", POSITIVE},
             {"object", OBJECT},
             {"value", VALUE},
             {"label", LABEL},
             {"class", CLASS},
             {"expert", EXPERT},
             {"text", TEXT},
             {"mask", MASK},
             {"slice", SLICE}};

static const char *const text_fields[COLUMNS] = {
    [LABEL] = "label", [CLASS] = "class", [EXPERT] = "expert",
    [TEXT] = "text",   [MASK] = "mask",   [SLICE] = "slice"};

/* ---- Rows ------------------------------------------------------------------------------- */

enum { MOST_FIELDS = 256 };

typedef struct Csv {
    const char *file, *at, *end;
    char separator;
    int line; /* of the row that was read, from 1 */
    int next_line;
    char *field[MOST_FIELDS];
    int fields;
    int columns;        /* fields of the first line */
    int where[COLUMNS]; /* the field of a column; -1: it has none */
    VoxpertError *error;
} Csv;

static VoxpertStatus wrong(const Csv *c, const char *what, const char *rule) {
    return error_say(c->error, VOXPERT_BAD_INPUT, "%s: line %d: %s%s", c->file, c->line, what,
                     rule);
}

static void forget_row(Csv *c) {
    while (c->fields) free(c->field[--c->fields]);
}

static char separator_of(const char *text, const char *end) {
    static const char candidates[] = ",;\t";
    size_t most = 0;
    char best = ',';
    for (const char *s = candidates; *s; s++) {
        size_t count = 0;
        for (const char *p = text; p < end && *p != '\n'; p++) count += *p == *s;
        if (count > most) best = *s, most = count;
    }
    return best;
}

/* Copies one field; quotes are taken off, two of them within are one. */
static VoxpertStatus read_field(Csv *c) {
    char *to = cli_new((size_t)(c->end - c->at) + 1, 1), *start = to;
    bool quoted = c->at < c->end && *c->at == '"', closed = !quoted;
    if (c->fields == MOST_FIELDS) {
        free(start);
        return wrong(c, "has more than 256 fields", "");
    }
    c->field[c->fields++] = start;
    if (quoted) c->at++;
    for (; c->at < c->end; c->at++) {
        if (quoted && *c->at == '"') {
            closed = !(c->at + 1 < c->end && c->at[1] == '"');
            if (!closed) c->at++;
            if (closed) break;
        } else if (!quoted && (*c->at == c->separator || *c->at == '\n')) {
            break;
        }
        if (!*c->at) return wrong(c, "holds a byte of 0", "");
        c->next_line += *c->at == '\n';
        *to++ = *c->at;
    }
    if (!closed) return wrong(c, "a quote is not closed", "");
    if (quoted) c->at++;
    while (to > start && !quoted && strchr(" \t\r", to[-1])) *--to = '\0';
    c->field[c->fields - 1] = cli_text("%s", start + (quoted ? 0 : strspn(start, " \t")));
    free(start);
    while (quoted && c->at < c->end && *c->at == '\r') c->at++;
    if (c->at < c->end && *c->at != c->separator && *c->at != '\n')
        return wrong(c, "a quote ends inside a field", "");
    return VOXPERT_OK;
}

/* The next row that holds anything; `fields` is 0 at the end. */
static VoxpertStatus read_row(Csv *c) {
    c->line = c->next_line;
    for (bool blank = true; blank && c->at < c->end;) {
        forget_row(c);
        c->line = c->next_line;
        for (bool more = true; more;) {
            VoxpertStatus status = read_field(c);
            if (status) return status;
            blank &= !*c->field[c->fields - 1];
            more = c->at < c->end && *c->at == c->separator;
            c->at += c->at < c->end; /* the separator or the end of the line */
        }
        c->next_line++;
        if (blank) forget_row(c);
    }
    for (int i = 0; i < c->fields; i++)
        if (!is_utf8(c->field[i]))
            return wrong(c, "is no UTF-8; save the sheet as \"CSV UTF-8\"", "");
    return VOXPERT_OK;
}

/* ---- The first line --------------------------------------------------------------------- */

static int column_of(const char *name, bool second) {
    static const struct {
        const char *name;
        Column column;
    } pairs[] = {{"x1", X0}, {"y1", Y0}, {"x2", X1}, {"y2", Y1}}; /* where there is an x2 */
    for (size_t i = 0; second && i < sizeof pairs / sizeof *pairs; i++)
        if (strcasecmp(name, pairs[i].name) == 0) return (int)pairs[i].column;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i].name) == 0) return (int)names[i].column;
    return -1;
}

static void add_unused(char **unused, const char *name) {
    char *before = *unused;
    *unused = before ? cli_text("%s, \"%s\"", before, name) : cli_text("\"%s\"", name);
    free(before);
}

static VoxpertStatus read_header(Csv *c, char **unused) {
    bool second = false;
    for (int i = 0; i < COLUMNS; i++) c->where[i] = -1;
    VoxpertStatus status = read_row(c);
    c->columns = c->fields;
    for (int i = 0; !status && i < c->fields; i++) second |= strcasecmp(c->field[i], "x2") == 0;
    for (int i = 0; !status && i < c->fields; i++) {
        int column = column_of(c->field[i], second);
        if (column >= 0 && c->where[column] >= 0)
            status = wrong(c, c->field[i], ": two columns mean the same");
        else if (column >= 0)
            c->where[column] = i;
        else if (*c->field[i])
            add_unused(unused, c->field[i]);
    }
    const int *w = c->where;
    bool box = w[X0] >= 0 && w[Y0] >= 0 && w[X1] >= 0 && w[Y1] >= 0;
    bool point = w[X] >= 0 && w[Y] >= 0;
    bool named = w[CLASS] >= 0 || w[TEXT] >= 0 || w[MASK] >= 0;
    if (!status && (w[IMAGE] < 0 || !(box || point || named)))
        status = wrong(c,
                       "must name the columns: image, and x0,y0,x1,y1 of boxes or x,y of points; "
                       "more are label, value, slice, object",
                       "");
    return status;
}

/* ---- A row ------------------------------------------------------------------------------ */

/* The text of a column in this row; "" where there is none. */
static const char *cell(const Csv *c, Column column) {
    int at = c->where[column];
    return at >= 0 && at < c->fields ? c->field[at] : "";
}

static VoxpertStatus number(const Csv *c, Column column, const char *name, double *out) {
    char *text = cli_text("%s", cell(c, column)), *comma = strchr(text, ',');
    if (comma && c->separator == ';') *comma = '.';
    bool read = *text && numbers_parse(out, 1, text);
    free(text);
    return read ? VOXPERT_OK : wrong(c, name, ": must be a number");
}

static VoxpertStatus add_box(const Csv *c, json_t *object) {
    static const char *const corner[] = {"x0", "y0", "x1", "y1"};
    static const char *const sizes[] = {"x", "y", "width", "height"};
    bool corners = *cell(c, X0) || *cell(c, Y0) || *cell(c, X1) || *cell(c, Y1);
    const Column column[2][4] = {{X, Y, WIDTH, HEIGHT}, {X0, Y0, X1, Y1}};
    double at[4];
    if (!corners && !*cell(c, WIDTH) && !*cell(c, HEIGHT)) return VOXPERT_OK;
    for (int i = 0; i < 4; i++) {
        VoxpertStatus status = number(c, column[corners][i], (corners ? corner : sizes)[i], &at[i]);
        if (status) return status;
    }
    if (!corners) at[2] += at[0] - 1.0, at[3] += at[1] - 1.0; /* the last pixel belongs to it */
    if (json_object_get(object, "boxes")) return wrong(c, "the object has a box already", "");
    json_object_set_new(object, "boxes", json_pack("[[f, f, f, f]]", at[0], at[1], at[2], at[3]));
    return VOXPERT_OK;
}

static VoxpertStatus add_point(const Csv *c, json_t *object) {
    static const char *const yes[] = {"", "1", "+", "true", "yes"}, *const no[] = {"0", "-",
                                                                                   "false", "no"};
    double x, y;
    int sign = -1;
    if ((!*cell(c, X) && !*cell(c, Y)) || *cell(c, WIDTH) || *cell(c, HEIGHT)) return VOXPERT_OK;
    VoxpertStatus status = number(c, X, "x", &x);
    if (!status) status = number(c, Y, "y", &y);
    if (status) return status;
    for (int i = 0; i < 5; i++) sign = strcasecmp(cell(c, POSITIVE), yes[i]) ? sign : 1;
    for (int i = 0; i < 4; i++) sign = strcasecmp(cell(c, POSITIVE), no[i]) ? sign : 0;
    if (sign < 0) return wrong(c, "positive", ": must be 1 or 0, true or false, + or -");
    json_t *points = json_object_get(object, "points");
    if (!points) json_object_set_new(object, "points", points = json_array());
    json_array_append_new(points, json_pack("{s:[f, f], s:b}", "p", x, y, "positive", sign));
    return VOXPERT_OK;
}

/* A text of the object, or of the image; rows of one must agree. */
static VoxpertStatus add_text(const Csv *c, json_t *to, const char *name, const char *text) {
    const char *before = json_string_value(json_object_get(to, name));
    if (before && *text && strcmp(before, text) != 0)
        return wrong(c, name, ": another row of the same says otherwise");
    if (*text) json_object_set_new(to, name, json_string(text));
    return VOXPERT_OK;
}

static VoxpertStatus add_value(const Csv *c, json_t *object) {
    double value;
    if (!*cell(c, VALUE)) return VOXPERT_OK;
    VoxpertStatus status = number(c, VALUE, "value", &value);
    if (status) return status;
    if (!(value >= 1.0 && value <= 65535.0 && value == (double)(int)value))
        return wrong(c, "value", ": must be a whole number from 1 to 65535");
    json_object_set_new(object, "value", json_integer((json_int_t)value));
    return VOXPERT_OK;
}

/* ---- All rows --------------------------------------------------------------------------- */

typedef struct Entries {
    json_t *list, *by_image, *by_object;
} Entries;

static json_t *entry_of(Entries *e, const char *image) {
    json_t *entry = json_object_get(e->by_image, image);
    if (entry) return entry;
    entry = json_pack("{s:s, s:[]}", "image", image, "objects");
    json_object_set(e->by_image, image, entry);
    json_array_append_new(e->list, entry);
    return entry;
}

static json_t *object_of(Entries *e, json_t *entry, const char *image, const char *name) {
    char *key = cli_text("%s/%s", image, name);
    json_t *object = *name ? json_object_get(e->by_object, key) : NULL;
    if (!object) {
        object = json_object();
        if (*name) json_object_set(e->by_object, key, object);
        json_array_append_new(json_object_get(entry, "objects"), object);
    }
    free(key);
    return object;
}

static VoxpertStatus add_row(const Csv *c, Entries *e) {
    const char *image = cell(c, IMAGE);
    if (!*image) return wrong(c, "image", ": is empty");
    for (int i = c->columns; i < c->fields; i++) {
        if (*c->field[i])
            return wrong(c,
                         "has more fields than the first line; a decimal comma needs quotes, or "
                         "semicolons between the fields",
                         "");
    }
    json_t *entry = entry_of(e, image), *object = object_of(e, entry, image, cell(c, OBJECT));
    VoxpertStatus status = add_box(c, object);
    if (!status) status = add_point(c, object);
    if (!status) status = add_value(c, object);
    for (Column i = TEXTS; !status && i < COLUMNS; i++)
        status = add_text(c, i == SLICE ? entry : object, text_fields[i], cell(c, i));
    return status;
}

json_t *prompts_csv_read(const char *text, size_t length, const char *file, char **unused,
                         VoxpertError *error) {
    Csv c = {.file = file,
             .at = text,
             .end = text + length,
             .separator = separator_of(text, text + length),
             .next_line = 1,
             .error = error};
    Entries e = {json_array(), json_object(), json_object()};
    *unused = NULL;
    VoxpertStatus status = read_header(&c, unused);
    while (!status) {
        forget_row(&c);
        status = read_row(&c);
        if (status || !c.fields) break;
        status = add_row(&c, &e);
    }
    forget_row(&c);
    json_decref(e.by_image);
    json_decref(e.by_object);
    if (status) json_decref(e.list);
    return status ? NULL : e.list;
}
