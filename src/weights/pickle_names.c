/* Functions and classes that a pickle names, and what calling them makes.  Nothing is run: the few
 * of the whitelist are ways to write a value, all others give opaque values. */
#include <string.h>

#include "weights/checkpoint.h"
#include "weights/pickle_machine.h"

typedef enum Function {
    MAKE_DICT,   /* () -> an empty dict */
    MAKE_TENSOR, /* (storage, offset, size, stride, ...) */
    MAKE_FIRST,  /* (value, ...) -> value */
    MAKE_ARRAY,  /* (...) -> numpy's array without its elements */
    MAKE_TYPE,   /* (name, ...) -> numpy's type of numbers */
    MAKE_SCALAR, /* (type, bytes) -> the whole number */
    MAKE_OF_TYPE /* (function, type, arguments, state) -> function(arguments) */
} Function;

typedef struct Name {
    const char *module, *name;
    uint8_t kind, detail;
} Name;

static const Name whitelist[] = {
    {"collections", "OrderedDict", PICKLE_FUNCTION, MAKE_DICT},
    {"torch._utils", "_rebuild_tensor", PICKLE_FUNCTION, MAKE_TENSOR},
    {"torch._utils", "_rebuild_tensor_v2", PICKLE_FUNCTION, MAKE_TENSOR},
    {"torch._utils", "_rebuild_parameter", PICKLE_FUNCTION, MAKE_FIRST},
    {"torch._utils", "_rebuild_parameter_with_state", PICKLE_FUNCTION, MAKE_FIRST},
    {"torch._tensor", "_rebuild_from_type_v2", PICKLE_FUNCTION, MAKE_OF_TYPE},
    {"torch", "Size", PICKLE_FUNCTION, MAKE_FIRST},
    {"numpy._core.multiarray", "_reconstruct", PICKLE_FUNCTION, MAKE_ARRAY},
    {"numpy._core.multiarray", "scalar", PICKLE_FUNCTION, MAKE_SCALAR},
    {"numpy.core.multiarray", "_reconstruct", PICKLE_FUNCTION, MAKE_ARRAY}, /* before numpy 2 */
    {"numpy.core.multiarray", "scalar", PICKLE_FUNCTION, MAKE_SCALAR},
    {"numpy", "dtype", PICKLE_FUNCTION, MAKE_TYPE},
    {"torch", "FloatStorage", PICKLE_STORAGE_TYPE, ELEMENT_F32},
    {"torch", "DoubleStorage", PICKLE_STORAGE_TYPE, ELEMENT_F64},
    {"torch", "HalfStorage", PICKLE_STORAGE_TYPE, ELEMENT_F16},
    {"torch", "BFloat16Storage", PICKLE_STORAGE_TYPE, ELEMENT_BF16},
    {"torch", "LongStorage", PICKLE_STORAGE_TYPE, ELEMENT_I64},
    {"torch", "IntStorage", PICKLE_STORAGE_TYPE, ELEMENT_I32},
    {"torch", "ShortStorage", PICKLE_STORAGE_TYPE, ELEMENT_I16},
    {"torch", "CharStorage", PICKLE_STORAGE_TYPE, ELEMENT_I8},
    {"torch", "ByteStorage", PICKLE_STORAGE_TYPE, ELEMENT_U8},
    {"torch", "BoolStorage", PICKLE_STORAGE_TYPE, ELEMENT_BOOL},
};

bool pickle_text_equals(PickleText text, const char *want) {
    return text.length == strlen(want) && memcmp(text.chars, want, text.length) == 0;
}

PickleValue pickle_name(PickleText module, PickleText name) {
    for (size_t i = 0; i < sizeof whitelist / sizeof *whitelist; i++) {
        const Name *n = &whitelist[i];
        if (pickle_text_equals(module, n->module) && pickle_text_equals(name, n->name))
            return (PickleValue){.kind = n->kind, .detail = n->detail};
    }
    return (PickleValue){.kind = PICKLE_OPAQUE};
}

/* A number of numpy's: "i8" and its 8 bytes, little-endian. */
static PickleValue scalar(const Pickle *p, const PickleValue *arguments) {
    static const PickleValue opaque = {.kind = PICKLE_OPAQUE};
    const PickleValue *type = pickle_item(p, arguments, 0), *bytes = pickle_item(p, arguments, 1);
    PickleText name;
    if (!type || type->kind != PICKLE_NUMBER_TYPE || !bytes || bytes->kind != PICKLE_BYTES ||
        !pickle_text(&name, p, pickle_item(p, type, 0)) || name.length != 2)
        return opaque;
    size_t width = (size_t)(name.chars[1] - '0');
    bool whole = name.chars[0] == 'i' || name.chars[0] == 'u';
    if (!whole || (width != 1 && width != 2 && width != 4 && width != 8) || bytes->count != width)
        return opaque;
    const uint8_t *at = p->bytes + bytes->offset;
    uint64_t value = name.chars[0] == 'i' && at[width - 1] & 0x80 ? ~(uint64_t)0 : 0;
    for (size_t i = width; i-- > 0;) value = value << 8 | at[i];
    if (name.chars[0] == 'u' && value > INT64_MAX) return opaque;
    return (PickleValue){.kind = PICKLE_INTEGER, .integer = (int64_t)value};
}

PickleValue pickle_call(const Pickle *p, const PickleValue *function,
                        const PickleValue *arguments) {
    static const PickleValue opaque = {.kind = PICKLE_OPAQUE};
    const PickleValue *item;
    if (function->kind == PICKLE_FUNCTION && function->detail == MAKE_OF_TYPE) {
        function = pickle_item(p, arguments, 0);
        arguments = pickle_item(p, arguments, 2);
    }
    if (!function || !arguments || function->kind != PICKLE_FUNCTION ||
        arguments->kind != PICKLE_TUPLE)
        return opaque;
    PickleValue result = *arguments;
    switch ((Function)function->detail) {
    case MAKE_DICT:
        return (PickleValue){.kind = PICKLE_DICT};
    case MAKE_TENSOR:
        result.kind = PICKLE_TENSOR;
        return result;
    case MAKE_FIRST:
        return (item = pickle_item(p, arguments, 0)) ? *item : opaque;
    case MAKE_ARRAY:
        return (PickleValue){.kind = PICKLE_ARRAY};
    case MAKE_TYPE:
        result.kind = PICKLE_NUMBER_TYPE;
        return result;
    case MAKE_SCALAR:
        return scalar(p, arguments);
    case MAKE_OF_TYPE:
        break;
    }
    return opaque;
}
