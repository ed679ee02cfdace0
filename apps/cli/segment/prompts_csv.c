#include "cli/segment/prompts_csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"

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

typedef struct Sheet {
    const char *file;
    VoxpertCsv *csv;
    VoxpertCsvRow row;  /* that was read */
    size_t columns;     /* fields of the first line */
    int where[COLUMNS]; /* the field of a column; -1: it has none */
    VoxpertError *error;
} Sheet;

static VoxpertStatus wrong(const Sheet *s, const char *what, const char *rule) {
    return error_say(s->error, VOXPERT_BAD_INPUT, "%s: line %zu: %s%s", s->file, s->row.line, what,
                     rule);
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

/* Which field is which column. */
static VoxpertStatus find_columns(Sheet *s, char **unused) {
    bool second = false;
    for (size_t i = 0; i < s->row.fields; i++) second |= strcasecmp(s->row.field[i], "x2") == 0;
    for (size_t i = 0; i < s->row.fields; i++) {
        const char *name = s->row.field[i];
        int column = column_of(name, second);
        if (column >= 0 && s->where[column] >= 0)
            return wrong(s, name, ": two columns mean the same");
        if (column >= 0)
            s->where[column] = (int)i;
        else if (*name)
            add_unused(unused, name);
    }
    return VOXPERT_OK;
}

static VoxpertStatus read_header(Sheet *s, char **unused) {
    const int *w = s->where;
    for (int i = 0; i < COLUMNS; i++) s->where[i] = -1;
    VoxpertStatus status = voxpert_csv_next(s->csv, &s->row, s->error);
    s->columns = s->row.fields;
    if (!s->row.fields) s->row.line = 1;
    if (!status && s->row.fields > 256) status = wrong(s, "has more than 256 fields", "");
    if (!status) status = find_columns(s, unused);
    bool box = w[X0] >= 0 && w[Y0] >= 0 && w[X1] >= 0 && w[Y1] >= 0;
    bool point = w[X] >= 0 && w[Y] >= 0;
    bool named = w[CLASS] >= 0 || w[TEXT] >= 0 || w[MASK] >= 0;
    if (!status && (w[IMAGE] < 0 || !(box || point || named)))
        status = wrong(s,
                       "must name the columns: image, and x0,y0,x1,y1 of boxes or x,y of points; "
                       "more are label, value, slice, object",
                       "");
    return status;
}

/* ---- A row ------------------------------------------------------------------------------ */

/* The field of a column in this row; NULL where there is none. */
static const char *const *field_of(const Sheet *s, Column column) {
    int at = s->where[column];
    return at >= 0 && (size_t)at < s->row.fields ? s->row.field + at : NULL;
}

/* Its text; "" where there is none. */
static const char *cell(const Sheet *s, Column column) {
    const char *const *field = field_of(s, column);
    return field ? *field : "";
}

/* "1,234": a comma of thousands and a decimal comma look the same. */
static bool may_be_thousands(const char *text, const char *comma) {
    const char *first = text + (*text == '-' || *text == '+');
    size_t before = strspn(first, "0123456789"), after = strspn(comma + 1, "0123456789");
    return first + before == comma && before >= 1 && before <= 3 && *first != '0' && after == 3 &&
           comma[4] == '\0';
}

/* Where the comma separates no fields it is a decimal comma. */
static VoxpertStatus number(const Sheet *s, Column column, const char *name, double *out) {
    char *text = cli_text("%s", cell(s, column)), *comma = strchr(text, ',');
    bool unclear = comma && s->row.separator != ';' && may_be_thousands(text, comma);
    if (comma) *comma = '.';
    bool read = *text && numbers_parse(out, 1, text);
    free(text);
    if (unclear)
        return wrong(s, name,
                     ": may be thousands or a fraction; write the number without a comma, or "
                     "semicolons between the fields");
    return read ? VOXPERT_OK : wrong(s, name, ": must be a number");
}

static VoxpertStatus add_box(const Sheet *s, json_t *object) {
    static const char *const corner[] = {"x0", "y0", "x1", "y1"};
    static const char *const sizes[] = {"x", "y", "width", "height"};
    bool corners = *cell(s, X0) || *cell(s, Y0) || *cell(s, X1) || *cell(s, Y1);
    const Column column[2][4] = {{X, Y, WIDTH, HEIGHT}, {X0, Y0, X1, Y1}};
    double at[4];
    if (!corners && !*cell(s, WIDTH) && !*cell(s, HEIGHT)) return VOXPERT_OK;
    for (int i = 0; i < 4; i++) {
        const char *name = (corners ? corner : sizes)[i];
        VoxpertStatus status = number(s, column[corners][i], name, &at[i]);
        if (status) return status;
        if (!corners && i >= 2 && !(at[i] > 0.0)) return wrong(s, name, ": must be above 0");
    }
    if (!corners) at[2] += at[0] - 1.0, at[3] += at[1] - 1.0; /* the last pixel belongs to it */
    if (json_object_get(object, "boxes")) return wrong(s, "the object has a box already", "");
    json_object_set_new(object, "boxes", json_pack("[[f, f, f, f]]", at[0], at[1], at[2], at[3]));
    return VOXPERT_OK;
}

static VoxpertStatus add_point(const Sheet *s, json_t *object) {
    static const char *const yes[] = {"", "1", "+", "true", "yes"}, *const no[] = {"0", "-",
                                                                                   "false", "no"};
    double x, y;
    int sign = -1;
    if ((!*cell(s, X) && !*cell(s, Y)) || *cell(s, WIDTH) || *cell(s, HEIGHT)) return VOXPERT_OK;
    VoxpertStatus status = number(s, X, "x", &x);
    if (!status) status = number(s, Y, "y", &y);
    if (status) return status;
    for (int i = 0; i < 5; i++) sign = strcasecmp(cell(s, POSITIVE), yes[i]) ? sign : 1;
    for (int i = 0; i < 4; i++) sign = strcasecmp(cell(s, POSITIVE), no[i]) ? sign : 0;
    if (sign < 0) return wrong(s, "positive", ": must be 1 or 0, true or false, + or -");
    json_t *points = json_object_get(object, "points");
    if (!points) json_object_set_new(object, "points", points = json_array());
    json_array_append_new(points, json_pack("{s:[f, f], s:b}", "p", x, y, "positive", sign));
    return VOXPERT_OK;
}

/* A text of the object, or of the image; rows of one must agree. */
static VoxpertStatus add_text(const Sheet *s, json_t *to, const char *name, const char *text) {
    const char *before = json_string_value(json_object_get(to, name));
    if (before && *text && strcmp(before, text) != 0)
        return wrong(s, name, ": another row of the same says otherwise");
    if (*text) json_object_set_new(to, name, json_string(text));
    return VOXPERT_OK;
}

static VoxpertStatus add_value(const Sheet *s, json_t *object) {
    double value;
    if (!*cell(s, VALUE)) return VOXPERT_OK;
    VoxpertStatus status = number(s, VALUE, "value", &value);
    if (status) return status;
    if (!(value >= 1.0 && value <= 65535.0 && value == (double)(int)value))
        return wrong(s, "value", ": must be a whole number from 1 to 65535");
    json_object_set_new(object, "value", json_integer((json_int_t)value));
    return VOXPERT_OK;
}

/* ---- All rows --------------------------------------------------------------------------- */

typedef struct Entries {
    json_t *list, *by_image, *by_object;
    bool class_is_label; /* somewhere */
} Entries;

static bool has_place(const Sheet *s) {
    static const Column places[] = {X0, Y0, X1, Y1, X, Y, MASK, TEXT};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (*cell(s, places[i])) return true;
    return false;
}

/* What each object of a row needs to be looked for; rows of one object may share it. */
static VoxpertStatus check_row(const Sheet *s, const char *image) {
    if (!*image) return wrong(s, "image", ": is empty");
    if (strchr(image, '/'))
        return wrong(s, "image", ": must be the name of a file, without a folder");
    if (!has_place(s) && !*cell(s, CLASS) && !*cell(s, OBJECT))
        return wrong(s, "has neither a box, a point, a mask, a text nor a class", "");
    return VOXPERT_OK;
}

/* Where there is a box or a point, a class is what others call the object's label. */
static VoxpertStatus add_class(const Sheet *s, Entries *e, json_t *object) {
    const char *name = cell(s, CLASS);
    bool label = has_place(s) && s->where[LABEL] < 0;
    e->class_is_label |= label && *name;
    return add_text(s, object, text_fields[label ? LABEL : CLASS], name);
}

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

static VoxpertStatus add_row(const Sheet *s, Entries *e) {
    const char *image = cell(s, IMAGE);
    VoxpertStatus status = check_row(s, image);
    if (status) return status;
    for (size_t i = s->columns; i < s->row.fields; i++) {
        if (*s->row.field[i])
            return wrong(s,
                         "has more fields than the first line; a decimal comma needs quotes, or "
                         "semicolons between the fields",
                         "");
    }
    json_t *entry = entry_of(e, image), *object = object_of(e, entry, image, cell(s, OBJECT));
    status = add_box(s, object);
    if (!status) status = add_point(s, object);
    if (!status) status = add_value(s, object);
    for (Column i = TEXTS; !status && i < COLUMNS; i++)
        status = i == CLASS ? add_class(s, e, object)
                            : add_text(s, i == SLICE ? entry : object, text_fields[i], cell(s, i));
    return status;
}

json_t *prompts_csv_read(const char *text, size_t length, const char *file, char **unused,
                         bool *class_is_label, VoxpertError *error) {
    Sheet s = {.file = file, .error = error};
    Entries e = {json_array(), json_object(), json_object(), false};
    *unused = NULL;
    VoxpertStatus status = voxpert_csv_open(&s.csv, file, text, length, error);
    if (!status) status = read_header(&s, unused);
    while (!status) {
        status = voxpert_csv_next(s.csv, &s.row, error);
        if (status || !s.row.fields) break;
        status = add_row(&s, &e);
    }
    voxpert_csv_close(s.csv);
    *class_is_label = e.class_is_label;
    json_decref(e.by_image);
    json_decref(e.by_object);
    if (status) json_decref(e.list);
    return status ? NULL : e.list;
}
