/* What the tests share: checks that say where they failed, and texts. */
#ifndef TESTING_H
#define TESTING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tidegate.h"

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);           \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

#define STATUS(wanted, call)                                                                   \
    do {                                                                                       \
        int32_t found_ = (int32_t)(call);                                                      \
        if (found_ != (int32_t)(wanted)) {                                                     \
            tg_str text_ = tg_status_text(found_);                                             \
            fprintf(stderr, "%s:%d: expected %s of %s, found %d: %.*s\n", __FILE__, __LINE__,  \
                    #wanted, #call, (int)found_, (int)text_.len, text_.data ? text_.data : ""); \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

#define OK(call) STATUS(TG_STATUS_OK, call)

/* A literal as pointer and length. */
#define T(literal) (literal), (sizeof(literal) - 1)

static inline tg_str str(const char *text) {
    tg_str made;
    made.data = text;
    made.len = strlen(text);
    return made;
}

static inline int same(tg_str text, const char *wanted) {
    if (wanted == NULL)
        return text.data == NULL && text.len == 0;
    return text.data != NULL && text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

/* Whether an owned text contains another; frees it. */
static inline int says(tg_text *text, const char *wanted) {
    tg_str view;
    OK(tg_text_view(text, &view));
    char *copy = (char *)calloc(view.len + 1, 1);
    CHECK(copy != NULL);
    memcpy(copy, view.data, view.len);
    int found = strstr(copy, wanted) != NULL;
    if (!found)
        fprintf(stderr, "expected `%s` in: %s\n", wanted, copy);
    free(copy);
    tg_text_free(text);
    return found;
}

static const char DOCUMENT[] =
    "{\"schema_version\": 1, \"version\": 7, \"features\": {"
    "\"checkout\": {\"kind\": \"gate\", \"rules\": ["
    "{\"id\": \"staff\", \"if\": {\"attribute\": \"plan\", \"op\": \"eq\", \"value\": \"staff\"}, \"variant\": \"on\"},"
    "{\"id\": \"many\", \"if\": {\"attribute\": \"seats\", \"op\": \"gte\", \"value\": 10}, \"variant\": \"on\"},"
    "{\"id\": \"beta\", \"if\": {\"attribute\": \"groups\", \"op\": \"contains_any\", \"value\": [\"beta\"]}, \"variant\": \"on\"},"
    "{\"id\": \"yes\", \"if\": {\"attribute\": \"agreed\", \"op\": \"eq\", \"value\": true}, \"variant\": \"on\"}]},"
    "\"late\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"r\", \"if\": {\"time\": {\"from\": 1000}}, \"variant\": \"on\"}]},"
    "\"half\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"h\", \"rollout\": {\"percent\": 50}, \"variant\": \"on\"}]},"
    "\"limits\": {\"kind\": \"config\", \"default\": \"small\", \"variants\": {"
    "\"small\": {\"n\": 5, \"ratio\": 0.5, \"name\": \"api\", \"open\": true, \"none\": null, \"tags\": [\"a\", \"b\"],"
    " \"mixed\": [1, \"x\", {\"y\": 2}]}}},"
    "\"count\": {\"kind\": \"config\", \"default\": \"v\", \"variants\": {\"v\": 42}},"
    "\"share\": {\"kind\": \"config\", \"default\": \"v\", \"variants\": {\"v\": 2.5}},"
    "\"label\": {\"kind\": \"config\", \"default\": \"v\", \"variants\": {\"v\": \"Buy now\"}},"
    "\"released\": {\"kind\": \"gate\"}},"
    "\"releases\": [{\"id\": \"rel\", \"features\": {\"released\": {\"candidate\": {\"kind\": \"gate\", \"default\": \"on\"}}},"
    "\"phases\": [{\"id\": \"p1\", \"live\": true}]}]}";

#endif
