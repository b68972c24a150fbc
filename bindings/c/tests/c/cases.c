/* Decides cases: six lines in (mode, process, now, document, context, feature), two lines out (the decision, its fields separated by
 * the byte 31; the trace as JSON). JSON on one line has no raw newline. A document that is refused gives `refused` and its report. */
#include "testing.h"

static char *line(char **buffer, size_t *room) {
    size_t length = 0;
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        if (length + 2 > *room) {
            *room = *room ? *room * 2 : 4096;
            *buffer = (char *)realloc(*buffer, *room);
            CHECK(*buffer != NULL);
        }
        (*buffer)[length++] = (char)c;
    }
    if (c == EOF && length == 0)
        return NULL;
    if (*buffer == NULL) {
        *room = 1;
        *buffer = (char *)malloc(1);
        CHECK(*buffer != NULL);
    }
    (*buffer)[length] = 0;
    return *buffer;
}

static void field(tg_str text) {
    if (text.data != NULL)
        printf("=%.*s", (int)text.len, text.data);
    putchar(31);
}

static void owned(tg_text *text) {
    tg_str view;
    OK(tg_text_view(text, &view));
    printf("%.*s", (int)view.len, view.data);
    tg_text_free(text);
}

static void decide(char **lines) {
    tg_engine_options options;
    tg_engine *engine;
    tg_context *context;
    tg_reader *reader;
    tg_feature feature;
    tg_decision decision;
    tg_text *text;
    bool on;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.flags = TG_ENGINE_KEEP_SOURCE | (strcmp(lines[0], "strict") == 0 ? TG_ENGINE_STRICT : 0u);
    options.process_json = str(lines[1]);
    OK(tg_engine_new(&options, &engine));
    OK(tg_engine_set_time(engine, (int64_t)atoll(lines[2])));
    if (tg_engine_load(engine, lines[3], strlen(lines[3])) != TG_STATUS_OK) {
        tg_report *report;
        OK(tg_engine_report(engine, &report));
        OK(tg_report_json(report, &text));
        printf("refused\n");
        owned(text);
        putchar('\n');
        tg_report_free(report);
        tg_engine_free(engine);
        return;
    }
    OK(tg_context_new(engine, &context));
    OK(tg_context_set_object(context, lines[4], strlen(lines[4])));
    OK(tg_reader_new(engine, &reader));
    OK(tg_engine_feature(engine, lines[5], strlen(lines[5]), &feature));
    OK(tg_reader_check(reader, feature, context, &on));
    OK(tg_reader_decide(reader, feature, context, &decision));
    printf("%d\x1f", on);
    field(decision.feature);
    field(decision.variant);
    field(tg_reason_text((int32_t)decision.reason));
    field(decision.rule);
    field(decision.release);
    field(decision.phase);
    printf("%d\x1f%llu\x1f", decision.indirect, (unsigned long long)decision.version);
    if (decision.value != NULL) {
        OK(tg_value_json(decision.value, &text));
        owned(text);
    } else {
        printf("null");
    }
    putchar('\n');
    OK(tg_engine_trace(engine, lines[5], strlen(lines[5]), context, &text));
    owned(text);
    putchar('\n');
    tg_reader_free(reader);
    tg_context_free(context);
    tg_engine_free(engine);
}

int main(void) {
    char *lines[6] = {0};
    size_t room[6] = {0};
    int at = 0;
    while (line(&lines[at], &room[at]) != NULL) {
        if (++at == 6) {
            decide(lines);
            at = 0;
        }
    }
    CHECK(at == 0);
    for (at = 0; at < 6; at++)
        free(lines[at]);
    return 0;
}
