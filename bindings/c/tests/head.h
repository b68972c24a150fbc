/*
 * Tidegate: which version of a feature a request sees, decided in process.
 *
 * This file is generated from bindings/c/src. SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * What holds for all functions:
 *
 *  - A call that can fail returns a tg_status. Out-parameters come last and are written only if it is
 *    TG_STATUS_OK, so a default may stand there before the call. No parameter is both in and out.
 *  - A text is passed as pointer and length, in UTF-8, without a terminating zero; NULL and 0 is an empty
 *    one. It is read during the call alone, unless the function's name says that it borrows.
 *  - A text or value that is given back (tg_str, tg_value) is borrowed; the function says from what, and for
 *    how long.
 *  - Handles are opaque. What `_new` gave is freed by `_free`, once, when no call on it is under way;
 *    `_free(NULL)` does nothing. They may be freed in any order. A handle that is freed, or of another kind,
 *    is refused where that can be told; do not rely on it.
 *  - `const` handles may be used by several threads at once. Others are changed by the call: one thread at a
 *    time. A tg_reader or tg_view is the thread's that uses it first.
 *  - Callbacks get their userdata first. They run on the thread that made the call, before it returns, unless
 *    it is said otherwise. They must not throw nor longjmp.
 *  - Structs of options begin with struct_size, and must be zeroed first.
 *  - A defect of the library does not unwind into its caller: the status is TG_STATUS_PANIC, and that handle
 *    refuses what follows with TG_STATUS_POISONED; the others work on.
 *  - Handles of features and attributes (tg_feature, tg_attribute) are values: look them up once, keep them.
 *  - Deciding neither waits for a lock nor allocates; the first check of a reader, of a view, or of a thread without either may do both.
 */
