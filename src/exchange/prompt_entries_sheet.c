/* Prompts of a sheet:
 *
 *     image,x0,y0,x1,y1,label,slice,value          image,x,y,positive,object
 *     scan.png,40,52,120,131,lesion,,1             scan.png,80,90,1,1
 *
 * The first line names the columns, in any order and case:
 *     image (file, filename, name)                 always
 *     x0 y0 x1 y1 (xmin ymin xmax ymax, x1 y1 x2 y2, or x y width height)    a box
 *     x y, positive (1, 0, true, false, + or -; default 1)                   a point
 *     label, value, slice, class, expert, text, mask                         as in JSON
 *     object                                       rows of an image that share it are one object
 * base/csv.h defines what a sheet may look like.  A width or a height is above 0.  Numbers may have
 * a decimal comma where commas do not separate the fields (semicolons, tabs, quotes); "1,234",
 * which may be thousands, is taken between semicolons alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/quote.h"
#include "exchange/prompt_entries.h"

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
    CsvReader row;      /* that was read */
    size_t columns;     /* fields of the first line */
    int where[COLUMNS]; /* the field of a column; -1: it has none */
    Error *error;
} Sheet;

static Status wrong(const Sheet *s, const char *what, const char *rule) {
    return error_set(s->error, VOXPERT_BAD_INPUT, "%s: line %zu: %s%s", s->file, s->row.line, what,
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

static void add_unused(Text *unused, const char *name) {
    text_add(unused, "%s\"%s\"", unused->length ? ", " : "", name);
}

/* Which field is which column. */
static Status find_columns(Sheet *s, Text *unused) {
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

static Status read_header(Sheet *s, Text *unused) {
    const int *w = s->where;
    for (int i = 0; i < COLUMNS; i++) s->where[i] = -1;
    Status status = csv_row(&s->row, s->error);
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
static Status number(const Sheet *s, Column column, const char *name, double *out) {
    char text[64];
    const char *from = cell(s, column) + strspn(cell(s, column), " ");
    int length = snprintf(text, sizeof text, "%s", from);
    for (int i = (int)strlen(text); i > 0 && text[i - 1] == ' ';) text[--i] = '\0';
    char *comma = strchr(text, ',');
    bool unclear = comma && s->row.separator != ';' && may_be_thousands(text, comma);
    if (comma) *comma = '.';
    bool read = (size_t)length < sizeof text && text_to_double(out, text) && isfinite((float)*out);
    if (unclear)
        return wrong(s, name,
                     ": may be thousands or a fraction; write the number without a comma, or "
                     "semicolons between the fields");
    return read ? VOXPERT_OK : wrong(s, name, ": must be a number");
}

static Status no_memory(const Sheet *s) {
    return error_set(s->error, VOXPERT_OUT_OF_MEMORY, "no memory for the prompts");
}

static Status set_field(const Sheet *s, json_t *to, const char *name, json_t *value) {
    return json_object_set_new(to, name, value) ? no_memory(s) : VOXPERT_OK;
}

static Status add_box(const Sheet *s, json_t *object) {
    static const char *const corner[] = {"x0", "y0", "x1", "y1"};
    static const char *const sizes[] = {"x", "y", "width", "height"};
    bool corners = *cell(s, X0) || *cell(s, Y0) || *cell(s, X1) || *cell(s, Y1);
    const Column column[2][4] = {{X, Y, WIDTH, HEIGHT}, {X0, Y0, X1, Y1}};
    double at[4];
    if (!corners && !*cell(s, WIDTH) && !*cell(s, HEIGHT)) return VOXPERT_OK;
    for (int i = 0; i < 4; i++) {
        const char *name = (corners ? corner : sizes)[i];
        Status status = number(s, column[corners][i], name, &at[i]);
        if (status) return status;
        if (!corners && i >= 2 && !(at[i] > 0.0)) return wrong(s, name, ": must be above 0");
    }
    if (!corners) at[2] += at[0] - 1.0, at[3] += at[1] - 1.0; /* the last pixel belongs to it */
    if (json_object_get(object, "boxes")) return wrong(s, "the object has a box already", "");
    return set_field(s, object, "boxes", json_pack("[[f, f, f, f]]", at[0], at[1], at[2], at[3]));
}

static Status add_point(const Sheet *s, json_t *object) {
    static const char *const yes[] = {"", "1", "+", "true", "yes"}, *const no[] = {"0", "-",
                                                                                   "false", "no"};
    double x, y;
    int sign = -1;
    if ((!*cell(s, X) && !*cell(s, Y)) || *cell(s, WIDTH) || *cell(s, HEIGHT)) return VOXPERT_OK;
    Status status = number(s, X, "x", &x);
    if (!status) status = number(s, Y, "y", &y);
    if (status) return status;
    for (int i = 0; i < 5; i++) sign = strcasecmp(cell(s, POSITIVE), yes[i]) ? sign : 1;
    for (int i = 0; i < 4; i++) sign = strcasecmp(cell(s, POSITIVE), no[i]) ? sign : 0;
    if (sign < 0) return wrong(s, "positive", ": must be 1 or 0, true or false, + or -");
    if (!json_object_get(object, "points")) status = set_field(s, object, "points", json_array());
    json_t *point = json_pack("{s:[f, f], s:b}", "p", x, y, "positive", sign);
    if (json_array_append_new(json_object_get(object, "points"), point)) status = no_memory(s);
    return status;
}

/* A text of the object, or of the image; rows of one must agree. */
static Status add_text(const Sheet *s, json_t *to, const char *name, const char *text) {
    const char *before = json_string_value(json_object_get(to, name));
    if (before && *text && strcmp(before, text) != 0)
        return wrong(s, name, ": another row of the same says otherwise");
    return *text ? set_field(s, to, name, json_string(text)) : VOXPERT_OK;
}

static Status add_value(const Sheet *s, json_t *object) {
    double value;
    if (!*cell(s, VALUE)) return VOXPERT_OK;
    Status status = number(s, VALUE, "value", &value);
    if (status) return status;
    if (!(value >= 1.0 && value <= 65535.0 && value == (double)(int)value))
        return wrong(s, "value", ": must be a whole number from 1 to 65535");
    return set_field(s, object, "value", json_integer((json_int_t)value));
}

/* ---- All rows --------------------------------------------------------------------------- */

typedef struct Entries {
    json_t *list;
    json_t *by_image;    /* entries */
    json_t *by_object;   /* of each image its objects that have a name */
    bool class_is_label; /* somewhere */
} Entries;

static bool has_place(const Sheet *s) {
    static const Column places[] = {X0, Y0, X1, Y1, X, Y, MASK, TEXT};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (*cell(s, places[i])) return true;
    return false;
}

/* What each object of a row needs to be looked for; rows of one object may share it. */
static Status check_row(const Sheet *s, const char *image) {
    if (!*image) return wrong(s, "image", ": is empty");
    if (!has_place(s) && !*cell(s, CLASS) && !*cell(s, OBJECT))
        return wrong(s, "has neither a box, a point, a mask, a text nor a class", "");
    return VOXPERT_OK;
}

/* Where there is a box or a point, a class is what others call the object's label. */
static Status add_class(const Sheet *s, Entries *e, json_t *object) {
    const char *name = cell(s, CLASS);
    bool label = has_place(s) && s->where[LABEL] < 0;
    e->class_is_label |= label && *name;
    return add_text(s, object, text_fields[label ? LABEL : CLASS], name);
}

static Status find_entry(const Sheet *s, Entries *e, const char *image, json_t **out) {
    *out = json_object_get(e->by_image, image);
    if (*out) return VOXPERT_OK;
    *out = json_pack("{s:s, s:[]}", "image", image, "objects");
    bool failed = json_object_set(e->by_image, image, *out) ||
                  json_object_set_new(e->by_object, image, json_object()) ||
                  json_array_append(e->list, *out);
    json_decref(*out); /* the list holds it */
    return failed ? no_memory(s) : VOXPERT_OK;
}

static Status find_object(const Sheet *s, Entries *e, json_t *entry, const char *image,
                          json_t **out) {
    const char *name = cell(s, OBJECT);
    json_t *named = json_object_get(e->by_object, image);
    *out = *name ? json_object_get(named, name) : NULL;
    if (*out) return VOXPERT_OK;
    *out = json_object();
    bool failed = json_array_append_new(json_object_get(entry, "objects"), *out) ||
                  (*name && json_object_set(named, name, *out));
    return failed ? no_memory(s) : VOXPERT_OK;
}

static Status add_row(const Sheet *s, Entries *e) {
    const char *image = cell(s, IMAGE);
    Status status = check_row(s, image);
    if (status) return status;
    for (size_t i = s->columns; i < s->row.fields; i++) {
        if (*s->row.field[i])
            return wrong(s,
                         "has more fields than the first line; a decimal comma needs quotes, or "
                         "semicolons between the fields",
                         "");
    }
    json_t *entry, *object;
    status = find_entry(s, e, image, &entry);
    if (!status) status = find_object(s, e, entry, image, &object);
    if (!status) status = add_box(s, object);
    if (!status) status = add_point(s, object);
    if (!status) status = add_value(s, object);
    for (Column i = TEXTS; !status && i < COLUMNS; i++)
        status = i == CLASS ? add_class(s, e, object)
                            : add_text(s, i == SLICE ? entry : object, text_fields[i], cell(s, i));
    return status;
}

static void warn_of_columns(Warnings *w, const Sheet *s, const Entries *e, const Text *unused) {
    if (unused->length)
        warnings_add(w, "%s: these columns are not known and not used: %s", s->file, unused->chars);
    if (e->class_is_label)
        warnings_add(w,
                     "%s: the column \"class\" is taken as the label of its objects: a class is "
                     "what the model is queried for without a box or a point",
                     s->file);
    w->lines.failed |= unused->failed;
}

Status prompts_sheet_read(json_t **out, const char *text, size_t length, const char *name,
                          Warnings *warnings, Error *error) {
    Sheet s = {.file = name, .error = error};
    Entries e = {json_array(), json_object(), json_object(), false};
    Text unused = {0};
    Status status = e.list && e.by_image && e.by_object ? VOXPERT_OK : no_memory(&s);
    if (!status) status = csv_open(&s.row, name, text, length, error);
    if (!status) status = read_header(&s, &unused);
    while (!status) {
        status = csv_row(&s.row, error);
        if (status || !s.row.fields) break;
        status = add_row(&s, &e);
    }
    csv_close(&s.row);
    if (!status) warn_of_columns(warnings, &s, &e, &unused);
    text_free(&unused);
    json_decref(e.by_image);
    json_decref(e.by_object);
    if (status) json_decref(e.list);
    *out = status ? NULL : e.list;
    return status;
}
