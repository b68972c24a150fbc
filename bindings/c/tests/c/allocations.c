/* What is decided on a hot path allocates nothing: every allocation of this process is counted, the library's too. */
#include "testing.h"

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static long allocations;

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}

int posix_memalign(void **made, size_t alignment, size_t size) {
    allocations++;
    *made = __libc_memalign(alignment, size);
    return *made == NULL;
}

static tg_engine *engine;
static tg_context *context;
static tg_reader *reader;
static tg_view *view;
static tg_feature checkout, half, limits, label, count;
static tg_attribute user_id, plan;

static void hear(void *userdata, const tg_decision *decision) { *(int *)userdata += decision->on; }

/* A request: attributes, a check and a decision of each kind. */
static void request(int number) {
    char user[16];
    int length = snprintf(user, sizeof user, "u-%d", number), heard = 0;
    bool on;
    int64_t integer;
    tg_str text;
    tg_decision decision;
    const tg_value *value;
    OK(tg_context_clear(context));
    OK(tg_context_set_str(context, user_id, user, (size_t)length));
    OK(tg_context_borrow_str(context, plan, number % 2 ? "staff" : "free", number % 2 ? 5 : 4));
    OK(tg_reader_check(reader, checkout, context, &on));
    CHECK(on == number % 2);
    OK(tg_reader_check(reader, half, context, &on));
    OK(tg_reader_check_name(reader, T("checkout"), context, &on));
    OK(tg_engine_check(engine, checkout, context, &on));
    OK(tg_engine_check_name(engine, T("checkout"), context, &on));
    OK(tg_reader_decide(reader, checkout, context, &decision));
    OK(tg_reader_value(reader, limits, context, &value));
    OK(tg_value_member(value, T("n"), &value));
    OK(tg_value_int(value, &integer));
    OK(tg_reader_int(reader, count, context, &integer));
    OK(tg_reader_str(reader, label, context, &text));
    OK(tg_reader_each(reader, context, hear, &heard));
    OK(tg_view_check(view, half, context, &on));
    OK(tg_view_decide(view, checkout, context, &decision));
}

int main(void) {
    tg_engine_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.flags = TG_ENGINE_COUNTERS;
    OK(tg_engine_new(&options, &engine));
    long loading = allocations;
    OK(tg_engine_load(engine, T(DOCUMENT)));
    CHECK(allocations > loading);
    OK(tg_context_new(engine, &context));
    OK(tg_reader_new(engine, &reader));
    OK(tg_view_new(engine, &view));
    OK(tg_engine_feature(engine, T("checkout"), &checkout));
    OK(tg_engine_feature(engine, T("half"), &half));
    OK(tg_engine_feature(engine, T("limits"), &limits));
    OK(tg_engine_feature(engine, T("label"), &label));
    OK(tg_engine_feature(engine, T("count"), &count));
    OK(tg_engine_attribute(engine, T("user_id"), &user_id));
    OK(tg_engine_attribute(engine, T("plan"), &plan));
    /* The first calls of a thread may, and those that count something for the first time. */
    for (int number = 0; number < 10; number++)
        request(number);
    long before = allocations;
    for (int number = 10; number < 1000; number++)
        request(number);
    if (allocations != before) {
        fprintf(stderr, "expected no allocation in 990 requests, found %ld\n", allocations - before);
        return 1;
    }
    tg_view_free(view);
    tg_reader_free(reader);
    tg_context_free(context);
    tg_engine_free(engine);
    return 0;
}
