/* What each opcode does, and the table of all. */
#include <string.h>

#include "base/memory.h"
#include "weights/pickle_machine.h"

const char pickle_no_memory[] = "needs more memory than there is";

static bool fail(PickleMachine *m, const char *why) {
    m->failure = why;
    return false;
}

/* ---- Values and the stack --------------------------------------------------------------- */

static bool push(PickleMachine *m, uint32_t value) {
    if (!memory_grow(&m->stack, &m->stack_capacity, m->depth, sizeof *m->stack))
        return fail(m, pickle_no_memory);
    m->stack[m->depth++] = value;
    return true;
}

static bool push_new(PickleMachine *m, PickleValue v) {
    Pickle *p = m->p;
    if (!memory_grow(&p->value, &p->value_capacity, p->values, sizeof *p->value))
        return fail(m, pickle_no_memory);
    p->value[p->values] = v;
    return push(m, (uint32_t)p->values++);
}

static size_t bottom(const PickleMachine *m) { return m->marks ? m->mark[m->marks - 1] : 0; }

static bool pop(PickleMachine *m, uint32_t *value) {
    if (m->depth <= bottom(m)) return fail(m, "takes more from the stack than there is");
    *value = m->stack[--m->depth];
    return true;
}

static PickleValue *peek(PickleMachine *m) {
    if (m->depth > bottom(m)) return &m->p->value[m->stack[m->depth - 1]];
    fail(m, "takes more from the stack than there is");
    return NULL;
}

/* Gives the depth at the last mark and forgets the mark. */
static bool pop_mark(PickleMachine *m, size_t *depth) {
    if (!m->marks) return fail(m, "needs a mark that is not there");
    *depth = m->mark[--m->marks];
    return true;
}

static bool add_item(PickleMachine *m, PickleValue *to, uint32_t value) {
    Pickle *p = m->p;
    if (!memory_grow(&p->cell, &p->cell_capacity, p->cells, sizeof *p->cell))
        return fail(m, pickle_no_memory);
    uint32_t cell = (uint32_t)p->cells++;
    p->cell[cell] = (PickleCell){value, 0};
    if (to->items.last) p->cell[to->items.last].next = cell;
    if (!to->items.first) to->items.first = cell;
    to->items.last = cell;
    to->count++;
    return true;
}

/* Moves the values from `from` up into `to`; what is opaque swallows them. */
static bool add_stack(PickleMachine *m, PickleValue *to, size_t from) {
    bool ok = true;
    for (size_t i = from; ok && to->kind != PICKLE_OPAQUE && i < m->depth; i++)
        ok = add_item(m, to, m->stack[i]);
    m->depth = from;
    return ok;
}

/* ---- Plain values ----------------------------------------------------------------------- */

static bool op_new(PickleMachine *m, PickleOperand x, uint8_t kind) {
    (void)x;
    return push_new(m, (PickleValue){.kind = kind});
}

static bool op_bool(PickleMachine *m, PickleOperand x, uint8_t value) {
    (void)x;
    return push_new(m, (PickleValue){.kind = PICKLE_BOOL, .integer = value});
}

static bool op_integer(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    return push_new(m, (PickleValue){.kind = PICKLE_INTEGER, .integer = (int64_t)x.number});
}

static bool op_long(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    const uint8_t *bytes = m->p->bytes + x.offset;
    if (x.length > 8)
        return push_new(
            m, (PickleValue){.kind = PICKLE_LONG, .count = (uint32_t)x.length, .offset = x.offset});
    bool negative = x.length && bytes[x.length - 1] & 0x80;
    uint64_t number = negative ? ~(uint64_t)0 : 0; /* two's complement, sign extended */
    for (size_t i = x.length; i-- > 0;) number = number << 8 | bytes[i];
    return push_new(m, (PickleValue){.kind = PICKLE_INTEGER, .integer = (int64_t)number});
}

static bool op_text(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    return push_new(
        m, (PickleValue){.kind = PICKLE_TEXT, .count = (uint32_t)x.length, .offset = x.offset});
}

static bool op_bytes(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    return push_new(
        m, (PickleValue){.kind = PICKLE_BYTES, .count = (uint32_t)x.length, .offset = x.offset});
}

/* ---- Names and calls -------------------------------------------------------------------- */

static bool line_read(PickleMachine *m, PickleText *line) {
    const uint8_t *start = m->p->bytes + m->at, *end = memchr(start, '\n', m->size - m->at);
    if (!end) return fail(m, "ends within a name");
    *line = (PickleText){(const char *)start, (size_t)(end - start)};
    m->at += line->length + 1;
    return true;
}

static bool push_named(PickleMachine *m, PickleText module, PickleText name) {
    PickleValue value = pickle_name(module, name);
    if (value.kind == PICKLE_OPAQUE && !m->p->class_chars) {
        m->p->module_chars = module.chars, m->p->module_length = (uint32_t)module.length;
        m->p->class_chars = name.chars, m->p->class_length = (uint32_t)name.length;
    }
    return push_new(m, value);
}

static bool op_global(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    PickleText module, name;
    return line_read(m, &module) && line_read(m, &name) && push_named(m, module, name);
}

static bool op_stack_global(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    uint32_t name, module;
    PickleText name_text, module_text;
    if (!pop(m, &name) || !pop(m, &module)) return false;
    if (!pickle_text(&name_text, m->p, &m->p->value[name]) ||
        !pickle_text(&module_text, m->p, &m->p->value[module]))
        return fail(m, "names a class with something that is no text");
    return push_named(m, module_text, name_text);
}

static bool op_call(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    uint32_t arguments, function;
    if (!pop(m, &arguments) || !pop(m, &function)) return false;
    const PickleValue *value = m->p->value;
    return push_new(m, pickle_call(m->p, &value[function], &value[arguments]));
}

static bool op_new_object_ex(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    uint32_t class_and_arguments[3];
    for (int i = 0; i < 3; i++) {
        if (!pop(m, &class_and_arguments[i])) return false;
    }
    return op_new(m, x, PICKLE_OPAQUE);
}

/* The state of numpy's arrays of objects: (version, shape, type, order, list of the elements). */
static PickleValue array_elements(const PickleMachine *m, const PickleValue *state) {
    const PickleValue *list = state->kind == PICKLE_TUPLE ? pickle_item(m->p, state, 4) : NULL;
    return list && list->kind == PICKLE_LIST ? *list : (PickleValue){.kind = PICKLE_OPAQUE};
}

/* The state of a type of numbers tells their order: (version, order, ...). */
static bool is_big_endian(const PickleMachine *m, const PickleValue *state) {
    PickleText order;
    return state->kind == PICKLE_TUPLE && pickle_text(&order, m->p, pickle_item(m->p, state, 1)) &&
           pickle_text_equals(order, ">");
}

/* An object's state: attributes of a class, "_metadata" of a state dict.  Nothing we need, but for
 * numpy's. */
static bool op_build(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    uint32_t state;
    if (!pop(m, &state)) return false;
    PickleValue *to = peek(m);
    if (!to) return false;
    if (to->kind == PICKLE_ARRAY) *to = array_elements(m, &m->p->value[state]);
    if (to->kind == PICKLE_NUMBER_TYPE && is_big_endian(m, &m->p->value[state]))
        *to = (PickleValue){.kind = PICKLE_OPAQUE};
    return true;
}

static bool op_persistent(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    uint32_t id;
    PickleText tag;
    if (!pop(m, &id)) return false;
    PickleValue v = m->p->value[id];
    bool storage = v.kind == PICKLE_TUPLE && pickle_text(&tag, m->p, pickle_item(m->p, &v, 0)) &&
                   pickle_text_equals(tag, "storage");
    if (!storage)
        v = (PickleValue){.kind = PICKLE_OPAQUE};
    else
        v.kind = PICKLE_STORAGE;
    return push_new(m, v);
}

/* ---- Containers ------------------------------------------------------------------------- */

static bool tuple_from(PickleMachine *m, size_t from) {
    PickleValue tuple = {.kind = PICKLE_TUPLE};
    return add_stack(m, &tuple, from) && push_new(m, tuple);
}

static bool op_tuple_of(PickleMachine *m, PickleOperand x, uint8_t items) {
    (void)x;
    if (m->depth < bottom(m) + items)
        return fail(m, "makes a tuple of more than there is on the stack");
    return tuple_from(m, m->depth - items);
}

static bool op_tuple(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    size_t from;
    return pop_mark(m, &from) && tuple_from(m, from);
}

/* Puts what lies above depth `from` into the container just below it. */
static bool fill(PickleMachine *m, size_t from, PickleKind kind) {
    if (from <= bottom(m)) return fail(m, "fills a container that is not there");
    PickleValue *to = &m->p->value[m->stack[from - 1]];
    if (to->kind != kind && to->kind != PICKLE_OPAQUE)
        return fail(m, "fills something that is no container");
    if (kind == PICKLE_DICT && (m->depth - from) % 2) return fail(m, "has a key without a value");
    return add_stack(m, to, from);
}

static bool op_fill_mark(PickleMachine *m, PickleOperand x, uint8_t kind) {
    (void)x;
    size_t from;
    return pop_mark(m, &from) && fill(m, from, kind);
}

static bool op_fill_one(PickleMachine *m, PickleOperand x, uint8_t kind) {
    (void)x;
    size_t items = kind == PICKLE_DICT ? 2 : 1;
    return m->depth >= items ? fill(m, m->depth - items, kind)
                             : fail(m, "takes more from the stack than there is");
}

static bool op_frozen_set(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    return pop_mark(m, &m->depth) && op_new(m, x, PICKLE_OPAQUE);
}

/* ---- Stack and memo --------------------------------------------------------------------- */

static bool op_mark(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    if (!memory_grow(&m->mark, &m->mark_capacity, m->marks, sizeof *m->mark))
        return fail(m, pickle_no_memory);
    m->mark[m->marks++] = m->depth;
    return true;
}

static bool op_pop(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    uint32_t value;
    return pop(m, &value);
}

static bool op_pop_mark(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    return pop_mark(m, &m->depth);
}

static bool op_dup(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    return peek(m) && push(m, m->stack[m->depth - 1]);
}

static bool memo_reserve(PickleMachine *m, size_t number) {
    if (number < m->memo_capacity) return true;
    size_t wanted = 2 * number + 16;
    uint32_t *grown = memory_resize(m->memo, wanted * sizeof *grown);
    if (!grown) return fail(m, pickle_no_memory);
    memset(grown + m->memo_capacity, 0, (wanted - m->memo_capacity) * sizeof *grown);
    m->memo = grown;
    m->memo_capacity = wanted;
    return true;
}

static bool op_put(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    if (x.number >= m->size) return fail(m, "has a memo number greater than its length");
    if (!peek(m) || !memo_reserve(m, (size_t)x.number)) return false;
    m->memos += m->memo[x.number] == 0;
    m->memo[x.number] = m->stack[m->depth - 1];
    return true;
}

static bool op_memoize(PickleMachine *m, PickleOperand x, uint8_t detail) {
    x.number = m->memos;
    return op_put(m, x, detail);
}

static bool op_get(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    if (x.number >= m->memo_capacity || !m->memo[x.number])
        return fail(m, "asks the memo for what was never put there");
    return push(m, m->memo[x.number]);
}

static bool op_protocol(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)detail;
    return x.number >= 2 && x.number <= 5 ? true : fail(m, "is not of protocol 2 to 5");
}

static bool op_frame(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)m, (void)x, (void)detail;
    return true;
}

static bool op_stop(PickleMachine *m, PickleOperand x, uint8_t detail) {
    (void)x, (void)detail;
    m->stopped = true;
    return pop(m, &m->p->top);
}

/* ---- The table -------------------------------------------------------------------------- */

const PickleOpcode pickle_opcodes[256] = {
    ['('] = {op_mark},
    ['.'] = {op_stop},
    ['0'] = {op_pop},
    ['1'] = {op_pop_mark},
    ['2'] = {op_dup},
    ['G'] = {op_new, U8, PICKLE_OPAQUE}, /* BINFLOAT */
    ['J'] = {op_integer, I4},
    ['K'] = {op_integer, U1},
    ['M'] = {op_integer, U2},
    ['N'] = {op_new, NONE, PICKLE_NONE},
    ['Q'] = {op_persistent},
    ['R'] = {op_call},
    ['T'] = {op_text, T4}, /* str of Python 2 */
    ['U'] = {op_text, T1},
    ['X'] = {op_text, T4},
    ['a'] = {op_fill_one, NONE, PICKLE_LIST},
    ['b'] = {op_build},
    ['c'] = {op_global},
    ['}'] = {op_new, NONE, PICKLE_DICT},
    ['e'] = {op_fill_mark, NONE, PICKLE_LIST},
    ['h'] = {op_get, U1},
    ['j'] = {op_get, U4},
    [']'] = {op_new, NONE, PICKLE_LIST},
    ['q'] = {op_put, U1},
    ['r'] = {op_put, U4},
    ['s'] = {op_fill_one, NONE, PICKLE_DICT},
    ['t'] = {op_tuple},
    [')'] = {op_new, NONE, PICKLE_TUPLE},
    ['u'] = {op_fill_mark, NONE, PICKLE_DICT},
    ['B'] = {op_bytes, T4}, /* BINBYTES */
    ['C'] = {op_bytes, T1},
    [0x80] = {op_protocol, U1},
    [0x81] = {op_call}, /* NEWOBJ: class, arguments */
    [0x85] = {op_tuple_of, NONE, 1},
    [0x86] = {op_tuple_of, NONE, 2},
    [0x87] = {op_tuple_of, NONE, 3},
    [0x88] = {op_bool, NONE, 1},
    [0x89] = {op_bool, NONE, 0},
    [0x8A] = {op_long, T1},
    [0x8B] = {op_long, T4},
    [0x8C] = {op_text, T1},
    [0x8D] = {op_text, T8},
    [0x8E] = {op_bytes, T8},                      /* BINBYTES8 */
    [0x8F] = {op_new, NONE, PICKLE_OPAQUE},       /* EMPTY_SET */
    [0x90] = {op_fill_mark, NONE, PICKLE_OPAQUE}, /* ADDITEMS */
    [0x91] = {op_frozen_set},
    [0x92] = {op_new_object_ex},
    [0x93] = {op_stack_global},
    [0x94] = {op_memoize},
    [0x95] = {op_frame, U8},
    [0x96] = {op_new, T8, PICKLE_OPAQUE}, /* BYTEARRAY8 */
};
