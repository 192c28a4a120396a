//! What `check` says of faulty files, word for word.

/// A file and what is said of it.
pub struct Case {
    pub title: &'static str,
    pub file: Faulty,
    pub text: &'static str,
    pub shown: &'static str,
}

/// Which file is the faulty one; the other is in order.
pub enum Faulty {
    PacketboatYaml,
    Rule,
}

pub const CASES: &[Case] = &[
    Case {
        title: "unknown keys are all named, each with the nearest known one",
        file: Faulty::Rule,
        text: r#"about: Dumps
when:
  watch: { folder: /tmp, setled_for: 10s, incldue: "*.gz" }
then:
  - upload: { to: offsite, pth: a/ }
dedline: 3d
"#,
        shown: r#"error: unknown key `setled_for`
  --> rules/dumps.yaml:3:26
   |
 3 |   watch: { folder: /tmp, setled_for: 10s, incldue: "*.gz" }
   |                          ^^^^^^^^^^
   = did you mean `settled_for`? (default 5s)

error: unknown key `incldue`
  --> rules/dumps.yaml:3:43
   |
 3 |   watch: { folder: /tmp, setled_for: 10s, incldue: "*.gz" }
   |                                           ^^^^^^^
   = did you mean `include`?

error: unknown key `pth`
  --> rules/dumps.yaml:5:28
   |
 5 |   - upload: { to: offsite, pth: a/ }
   |                            ^^^
   = did you mean `path`? (default "{{ file.path }}")

error: unknown key `dedline`
  --> rules/dumps.yaml:6:1
   |
 6 | dedline: 3d
   | ^^^^^^^
   = did you mean `deadline`?

"#,
    },
    Case {
        title: "a key that nothing resembles is told what there is",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
limits: { colour: red }
",
        shown: "error: unknown key `colour`
  --> rules/dumps.yaml:5:11
   |
 5 | limits: { colour: red }
   |           ^^^^^^
   = keys of limits: rate running size

",
    },
    Case {
        title: "what people write instead is known",
        file: Faulty::Rule,
        text: "name: dumps
type: watch
when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
",
        shown: "error: unknown key `name`
  --> rules/dumps.yaml:1:1
   |
 1 | name: dumps
   | ^^^^
   = a rule's name is its file's name

error: unknown key `type`
  --> rules/dumps.yaml:2:1
   |
 2 | type: watch
   | ^^^^
   = write `when: { watch: … }`

",
    },
    Case {
        title: "a map that lacks what it must have",
        file: Faulty::Rule,
        text: r#"when:
  watch: { include: "*" }
then:
  - upload: { path: a/ }
"#,
        shown: r#"error: `folder` is missing in watch
  --> rules/dumps.yaml:2:3
   |
 2 |   watch: { include: "*" }
   |   ^^^^^
   = add `folder: …`

error: `to` is missing in upload
  --> rules/dumps.yaml:4:5
   |
 4 |   - upload: { path: a/ }
   |     ^^^^^^
   = add `to: …`

"#,
    },
    Case {
        title: "a rule without when and then",
        file: Faulty::Rule,
        text: "about: nothing else
",
        shown: "error: `when` is missing in a rule
  --> rules/dumps.yaml:1:1
   |
 1 | about: nothing else
   | ^^^^^^^^^^^^^^^^^^^
   = add `when: …`

error: `then` is missing in a rule
  --> rules/dumps.yaml:1:1
   |
 1 | about: nothing else
   | ^^^^^^^^^^^^^^^^^^^
   = add `then: …`

",
    },
    Case {
        title: "a key that stands twice",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
deadline: 3d
deadline: 4d
",
        shown: "error: `deadline` stands here twice
  --> rules/dumps.yaml:6:1
   |
 6 | deadline: 4d
   | ^^^^^^^^
  ::: rules/dumps.yaml:5:1
   |
 5 | deadline: 3d
   | -------- here first
   = keep one of the two

",
    },
    Case {
        title: "type errors do not hide one another",
        file: Faulty::Rule,
        text: "about: 5
when:
  watch: { folder: /tmp, recursive: yes, include: { a: b } }
then:
  - upload: { to: offsite, proof: [], resume: maybe }
",
        shown: r#"error: a number, expected a text
  --> rules/dumps.yaml:1:8
   |
 1 | about: 5
   |        ^
   = quote it: "5"

error: a text, expected true or false
  --> rules/dumps.yaml:3:37
   |
 3 |   watch: { folder: /tmp, recursive: yes, include: { a: b } }
   |                                     ^^^
   = write `true`

error: a map, expected a text
  --> rules/dumps.yaml:3:51
   |
 3 |   watch: { folder: /tmp, recursive: yes, include: { a: b } }
   |                                                   ^^^^^^^^

error: a list, expected a word
  --> rules/dumps.yaml:5:35
   |
 5 |   - upload: { to: offsite, proof: [], resume: maybe }
   |                                   ^^

error: a text, expected true or false
  --> rules/dumps.yaml:5:47
   |
 5 |   - upload: { to: offsite, proof: [], resume: maybe }
   |                                               ^^^^^

"#,
    },
    Case {
        title: "unquoted braces are a map to YAML",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite, path: {{ file.name }} }
",
        shown: r#"error: a map, expected a text
  --> rules/dumps.yaml:4:34
   |
 4 |   - upload: { to: offsite, path: {{ file.name }} }
   |                                  ^^^^^^^^^^^^^^^
   = quote it: "{{ file.name }}"

"#,
    },
    Case {
        title: "unquoted braces with more behind them",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload:
      to: offsite
      path: {{ file.name }}.gz
",
        shown: r#"error: `{{` begins a map in YAML
  --> rules/dumps.yaml:6:13
   |
 6 |       path: {{ file.name }}.gz
   |             ^^^^^^^^^^^^^^^
   = quote it: "{{ file.name }}.gz"

"#,
    },
    Case {
        title: "a star is an alias to YAML",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp, include: *.pdf }
then:
  - upload: { to: offsite }
",
        shown: r#"error: `*` begins an alias in YAML
  --> rules/dumps.yaml:2:35
   |
 2 |   watch: { folder: /tmp, include: *.pdf }
   |                                   ^^^^^
   = a text beginning with `*` needs quotes: "*.pdf"

"#,
    },
    Case {
        title: "an exclamation mark is a tag to YAML",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp, exclude: !x.pdf }
then:
  - upload: { to: offsite }
",
        shown: r#"error: `!` begins a tag in YAML
  --> rules/dumps.yaml:2:35
   |
 2 |   watch: { folder: /tmp, exclude: !x.pdf }
   |                                   ^^^^^^
   = a text beginning with `!` needs quotes: "!x.pdf"

"#,
    },
    Case {
        title: "a condition that begins with a quote",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
if: 'invoice' in file.name
",
        shown: r#"error: the text goes on behind its closing quote
  --> rules/dumps.yaml:5:15
   |
 5 | if: 'invoice' in file.name
   |               ^^^^^^^^^^^^
   = quote the whole of it: `if: "'invoice' in file.name"`

"#,
    },
    Case {
        title: "a tab cannot indent",
        file: Faulty::Rule,
        text: "when:
\twatch: { folder: /tmp }
",
        shown: "error: a tab cannot indent in YAML
  --> rules/dumps.yaml:2:1
   |
 2 |     watch: { folder: /tmp }
   | ^^^^
   = use spaces

",
    },
    Case {
        title: "a bracket that is not closed",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp
then:
  - upload: { to: offsite }
",
        shown: "error: this `{` is not closed
  --> rules/dumps.yaml:2:10
   |
 2 |   watch: { folder: /tmp
   |          ^
   = end it with `}`

",
    },
    Case {
        title: "a quote that is not closed",
        file: Faulty::Rule,
        text: r#"about: "Dumps
when:
  watch: { folder: /tmp }
"#,
        shown: r#"error: this quote is not closed
  --> rules/dumps.yaml:1:8
   |
 1 | about: "Dumps
   |        ^
   = end the text with the quote it begins with

"#,
    },
    Case {
        title: "two colons on a line",
        file: Faulty::Rule,
        text: "about: Dumps: nightly
when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
",
        shown: "error: a second `: ` on this line
  --> rules/dumps.yaml:1:13
   |
 1 | about: Dumps: nightly
   |             ^
   = quote a text that holds `: `

",
    },
    Case {
        title: "keys that do not line up",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
   then: []
",
        shown: "error: this does not fit what stands above it
  --> rules/dumps.yaml:3:4
   |
 3 |    then: []
   |    ^
   = the keys of one map begin in the same column, and `: ` stands behind each

",
    },
    Case {
        title: "a sign that YAML keeps for itself",
        file: Faulty::Rule,
        text: "about: @home
when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
",
        shown: r#"error: `@` means something else in YAML
  --> rules/dumps.yaml:1:8
   |
 1 | about: @home
   |        ^^^^^
   = a text beginning with `@` needs quotes: "@home"

"#,
    },
    Case {
        title: "two documents",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
---
when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
",
        shown: "error: a second document begins here
  --> rules/dumps.yaml:5:1
   |
 5 | ---
   | ^^^
   = one rule a file: take the `---` away, or make it two files

",
    },
    Case {
        title: "an empty file",
        file: Faulty::Rule,
        text: "# nothing yet
",
        shown: "error: the file is empty
  --> rules/dumps.yaml:1:1
   |
 1 | # nothing yet
   | ^
   = `packetboat init` writes one to start from

",
    },
    Case {
        title: "a text where a rule should be",
        file: Faulty::Rule,
        text: "watch /tmp
",
        shown: "error: a text, expected a map
  --> rules/dumps.yaml:1:1
   |
 1 | watch /tmp
   | ^^^^^^^^^^
   = keys of a rule: about when if then retry deadline priority order in_order windows limits time_zone paused

",
    },
    Case {
        title: "a list where a rule should be",
        file: Faulty::Rule,
        text: "- when
- then
",
        shown: "error: a list, expected a map
  --> rules/dumps.yaml:1:1
   |
 1 | - when
   | ^^^^^^
   = keys of a rule: about when if then retry deadline priority order in_order windows limits time_zone paused

",
    },
    Case {
        title: "then as a map",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  upload: { to: offsite }
",
        shown: "error: a map, expected a list of steps
  --> rules/dumps.yaml:4:3
   |
 4 |   upload: { to: offsite }
   |   ^^^^^^^^^^^^^^^^^^^^^^^
   = put `- ` before `upload`

",
    },
    Case {
        title: "two actions in one step",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
    save: { to: /srv }
",
        shown: "error: `save` is not built yet
  --> rules/dumps.yaml:5:5
   |
 5 |     save: { to: /srv }
   |     ^^^^
   = this version has one step, `upload`

error: `save` beside `upload`
  --> rules/dumps.yaml:5:5
   |
 5 |     save: { to: /srv }
   |     ^^^^
   = one action a step: start a new `- `

",
    },
    Case {
        title: "a step without an action, an action that nobody knows, a bare word",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - if: file.size > 5
  - uplaod: { to: offsite }
  - upload
  - shred
  - relay
",
        shown: "error: a step without an action
  --> rules/dumps.yaml:4:5
   |
 4 |   - if: file.size > 5
   |     ^^^^^^^^^^^^^^^^^
   = write `upload: { to: SERVER }`

error: unknown key `uplaod`
  --> rules/dumps.yaml:5:5
   |
 5 |   - uplaod: { to: offsite }
   |     ^^^^^^
   = did you mean `upload`?

error: `to` is missing in upload
  --> rules/dumps.yaml:6:5
   |
 6 |   - upload
   |     ^^^^^^
   = add `to: …`

error: `shred` is not known in a step
  --> rules/dumps.yaml:7:5
   |
 7 |   - shred
   |     ^^^^^
   = write `upload: { to: SERVER }`

error: `relay` is not built yet
  --> rules/dumps.yaml:8:5
   |
 8 |   - relay
   |     ^^^^^
   = this version has one step, `upload`

",
    },
    Case {
        title: "two sources",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp }
  schedule: { at: "0 7 * * 1" }
then:
  - upload: { to: offsite }
"#,
        shown: r#"error: `schedule` is not built yet
  --> rules/dumps.yaml:3:3
   |
 3 |   schedule: { at: "0 7 * * 1" }
   |   ^^^^^^^^
   = this version waits for files in a local folder: `watch: { folder: … }`

error: `schedule` beside `watch`
  --> rules/dumps.yaml:3:3
   |
 3 |   schedule: { at: "0 7 * * 1" }
   |   ^^^^^^^^
   = a rule waits for one source; make it two rules

"#,
    },
    Case {
        title: "a server that is not there",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: [offsite, ofsite, offsite] }
",
        shown: "error: there is no server `ofsite`
  --> rules/dumps.yaml:4:29
   |
 4 |   - upload: { to: [offsite, ofsite, offsite] }
   |                             ^^^^^^
   = packetboat.yaml has offsite (ftp). Did you mean `offsite`?

",
    },
    Case {
        title: "everything that is not built yet says so",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp, take: copy }
then:
  - upload: { to: offsite, compress: zstd, encrypt: [age1], keep: { last: 3 }, text: x }
  - save: { to: /srv }
  - mail: { to: a@example.com }
  - delete
set: { count: 3 }
after:
  - delete
after_failure: []
expect: { every: 7d }
verify: { every: 7d }
notices: []
delayed_after: 1h
limits: { attachments: 3 }
",
        shown: "error: `copy` is not built yet
  --> rules/dumps.yaml:2:32
   |
 2 |   watch: { folder: /tmp, take: copy }
   |                                ^^^^
   = leave it out: files are sent from where they lie

error: `compress` is not built yet
  --> rules/dumps.yaml:4:28
   |
 4 |   - upload: { to: offsite, compress: zstd, encrypt: [age1], keep: { last: 3 }, text: x }
   |                            ^^^^^^^^
   = leave it out: files are sent as they are

error: `encrypt` is not built yet
  --> rules/dumps.yaml:4:44
   |
 4 |   - upload: { to: offsite, compress: zstd, encrypt: [age1], keep: { last: 3 }, text: x }
   |                                            ^^^^^^^
   = leave it out: files are sent as they are

error: `keep` is not built yet
  --> rules/dumps.yaml:4:61
   |
 4 |   - upload: { to: offsite, compress: zstd, encrypt: [age1], keep: { last: 3 }, text: x }
   |                                                             ^^^^
   = leave it out: every copy is kept

error: `text` is not built yet
  --> rules/dumps.yaml:4:80
   |
 4 |   - upload: { to: offsite, compress: zstd, encrypt: [age1], keep: { last: 3 }, text: x }
   |                                                                                ^^^^
   = leave it out: files are sent as they are

error: `save` is not built yet
  --> rules/dumps.yaml:5:5
   |
 5 |   - save: { to: /srv }
   |     ^^^^
   = this version has one step, `upload`

error: `mail` is not built yet
  --> rules/dumps.yaml:6:5
   |
 6 |   - mail: { to: a@example.com }
   |     ^^^^
   = this version has one step, `upload`

error: `delete` is not built yet
  --> rules/dumps.yaml:7:5
   |
 7 |   - delete
   |     ^^^^^^
   = leave it out: files stay where they lie and are remembered

error: `set` is not built yet
  --> rules/dumps.yaml:8:1
   |
 8 | set: { count: 3 }
   | ^^^
   = leave it out: every file counts by itself

error: `after` is not built yet
  --> rules/dumps.yaml:9:1
   |
 9 | after:
   | ^^^^^
   = leave it out: files stay where they lie and are remembered

error: `after_failure` is not built yet
  --> rules/dumps.yaml:11:1
   |
11 | after_failure: []
   | ^^^^^^^^^^^^^
   = leave it out: files stay where they lie and are remembered

error: `expect` is not built yet
  --> rules/dumps.yaml:12:1
   |
12 | expect: { every: 7d }
   | ^^^^^^
   = leave it out: `packetboat status` says when a rule last delivered

error: `verify` is not built yet
  --> rules/dumps.yaml:13:1
   |
13 | verify: { every: 7d }
   | ^^^^^^
   = leave it out: `proof` of an upload says how a copy is proved when it is made

error: `notices` is not built yet
  --> rules/dumps.yaml:14:1
   |
14 | notices: []
   | ^^^^^^^
   = leave it out: this version sends none; `packetboat status` and exit codes tell

error: `delayed_after` is not built yet
  --> rules/dumps.yaml:15:1
   |
15 | delayed_after: 1h
   | ^^^^^^^^^^^^^
   = leave it out: this version sends no notices; `packetboat status` shows what waits

error: `attachments` is not built yet
  --> rules/dumps.yaml:16:11
   |
16 | limits: { attachments: 3 }
   |           ^^^^^^^^^^^
   = leave it out: this version handles no mail

",
    },
    Case {
        title: "sources that are not built yet",
        file: Faulty::Rule,
        text: "when:
  poll: { from: offsite, every: 5m }
then:
  - upload: { to: offsite }
",
        shown: "error: `poll` is not built yet
  --> rules/dumps.yaml:2:3
   |
 2 |   poll: { from: offsite, every: 5m }
   |   ^^^^
   = this version waits for files in a local folder: `watch: { folder: … }`

",
    },
    Case {
        title: "spans, sizes and rates that are none",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp, settled_for: 5, rescan: 10 s, min_age: 1h30m, min_size: 10mb, max_size: 5x }
then:
  - upload: { to: offsite, bandwidth: 2MB }
limits: { rate: 600, size: lots }
deadline: 3 days
retry: { first_wait: 1ms, longest_wait: 30d, attempts: 0 }
",
        shown: "error: `5` has no unit
  --> rules/dumps.yaml:2:39
   |
 2 |   watch: { folder: /tmp, settled_for: 5, rescan: 10 s, min_age: 1h30m, min_size: 10mb, max_size: 5x }
   |                                       ^
   = a span of time is written 500ms, 10s, 5m, 24h or 7d; `5s`?

error: ` s` is not a unit of a span of time
  --> rules/dumps.yaml:2:52
   |
 2 |   watch: { folder: /tmp, settled_for: 5, rescan: 10 s, min_age: 1h30m, min_size: 10mb, max_size: 5x }
   |                                                    ^^
   = did you mean `10s`?

error: `h30m` is not a unit of a span of time
  --> rules/dumps.yaml:2:66
   |
 2 |   watch: { folder: /tmp, settled_for: 5, rescan: 10 s, min_age: 1h30m, min_size: 10mb, max_size: 5x }
   |                                                                  ^^^^
   = a span of time is written 500ms, 10s, 5m, 24h or 7d

error: `mb` is not a unit of a size
  --> rules/dumps.yaml:2:84
   |
 2 |   watch: { folder: /tmp, settled_for: 5, rescan: 10 s, min_age: 1h30m, min_size: 10mb, max_size: 5x }
   |                                                                                    ^^
   = did you mean `10MB`?

error: `x` is not a unit of a size
  --> rules/dumps.yaml:2:99
   |
 2 |   watch: { folder: /tmp, settled_for: 5, rescan: 10 s, min_age: 1h30m, min_size: 10mb, max_size: 5x }
   |                                                                                                   ^
   = a size is written 512B, 64KiB, 10MB or 2GB

error: `2MB` is not a bandwidth
  --> rules/dumps.yaml:4:39
   |
 4 |   - upload: { to: offsite, bandwidth: 2MB }
   |                                       ^^^
   = a bandwidth is written 500KB/s, 2MB/s or 10MiB/s

error: `600` is not a rate
  --> rules/dumps.yaml:5:17
   |
 5 | limits: { rate: 600, size: lots }
   |                 ^^^
   = a rate is written 20/s, 100/m, 600/h or 5000/d

error: `lots` is not a size
  --> rules/dumps.yaml:5:28
   |
 5 | limits: { rate: 600, size: lots }
   |                            ^^^^
   = a size is written 512B, 64KiB, 10MB or 2GB

error: ` days` is not a unit of a span of time
  --> rules/dumps.yaml:6:12
   |
 6 | deadline: 3 days
   |            ^^^^^
   = a span of time is written 500ms, 10s, 5m, 24h or 7d

error: too short: it is at least 1s
  --> rules/dumps.yaml:7:22
   |
 7 | retry: { first_wait: 1ms, longest_wait: 30d, attempts: 0 }
   |                      ^^^

error: too long: it is at most 7d
  --> rules/dumps.yaml:7:41
   |
 7 | retry: { first_wait: 1ms, longest_wait: 30d, attempts: 0 }
   |                                         ^^^

error: `attempts` is a whole number from 1 to 1000000, and here it is 0
  --> rules/dumps.yaml:7:56
   |
 7 | retry: { first_wait: 1ms, longest_wait: 30d, attempts: 0 }
   |                                                        ^

",
    },
    Case {
        title: "bounds that contradict each other",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp, min_size: 10MB, max_size: 1MB }
then:
  - upload: { to: offsite }
retry: { first_wait: 2h, longest_wait: 1h }
",
        shown: "error: `max_size` is below `min_size`: no file fits
  --> rules/dumps.yaml:2:52
   |
 2 |   watch: { folder: /tmp, min_size: 10MB, max_size: 1MB }
   |                                                    ^^^

error: the first wait (2h) is longer than the longest (1h)
  --> rules/dumps.yaml:5:8
   |
 5 | retry: { first_wait: 2h, longest_wait: 1h }
   |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = waits double from `first_wait` to `longest_wait`

",
    },
    Case {
        title: "words that are not among the choices",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp, method: inotify, empty_files: Skip, symlinks: true }
then:
  - upload: { to: offsite, on_exists: keepboth, proof: sha256 }
priority: urgent
",
        shown: "error: unknown word `inotify`
  --> rules/dumps.yaml:2:34
   |
 2 |   watch: { folder: /tmp, method: inotify, empty_files: Skip, symlinks: true }
   |                                  ^^^^^^^
   = one of auto events poll

error: unknown word `Skip`
  --> rules/dumps.yaml:2:56
   |
 2 |   watch: { folder: /tmp, method: inotify, empty_files: Skip, symlinks: true }
   |                                                        ^^^^
   = one of skip take refuse. Did you mean `skip`?

error: unknown word `true`
  --> rules/dumps.yaml:2:72
   |
 2 |   watch: { folder: /tmp, method: inotify, empty_files: Skip, symlinks: true }
   |                                                                        ^^^^
   = one of skip follow

error: unknown word `keepboth`
  --> rules/dumps.yaml:4:39
   |
 4 |   - upload: { to: offsite, on_exists: keepboth, proof: sha256 }
   |                                       ^^^^^^^^
   = one of replace keep_both fail skip_same. Did you mean `keep_both`?

error: unknown word `sha256`
  --> rules/dumps.yaml:4:56
   |
 4 |   - upload: { to: offsite, on_exists: keepboth, proof: sha256 }
   |                                                        ^^^^^^
   = one of size hash read_back

error: unknown word `urgent`
  --> rules/dumps.yaml:5:11
   |
 5 | priority: urgent
   |           ^^^^^^
   = one of low normal high

",
    },
    Case {
        title: "globs that match nothing",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp, include: ["/etc/*", "sub/", "a/../b"], exclude: "[a", ignore: [5] }
then:
  - upload: { to: offsite }
order: ["", "*.html"]
"#,
        shown: r#"error: a glob does not begin at a root
  --> rules/dumps.yaml:2:37
   |
 2 |   watch: { folder: /tmp, include: ["/etc/*", "sub/", "a/../b"], exclude: "[a", ignore: [5] }
   |                                     ^
   = a glob is matched below the folder: `*.pdf`, `sub/*.pdf`, `**/*.pdf`

error: a folder is not a file
  --> rules/dumps.yaml:2:46
   |
 2 |   watch: { folder: /tmp, include: ["/etc/*", "sub/", "a/../b"], exclude: "[a", ignore: [5] }
   |                                              ^^^^^^
   = its files are `sub/*`, or `sub/**` with all below

error: a glob cannot leave the folder
  --> rules/dumps.yaml:2:57
   |
 2 |   watch: { folder: /tmp, include: ["/etc/*", "sub/", "a/../b"], exclude: "[a", ignore: [5] }
   |                                                         ^^
   = a glob is matched below the folder: `*.pdf`, `sub/*.pdf`, `**/*.pdf`

error: not a glob: unclosed character class; missing ']'
  --> rules/dumps.yaml:2:74
   |
 2 |   watch: { folder: /tmp, include: ["/etc/*", "sub/", "a/../b"], exclude: "[a", ignore: [5] }
   |                                                                          ^^^^
   = `*` and `?` stay in a folder, `**/` crosses folders, `\*` is a star

error: a number, expected a text
  --> rules/dumps.yaml:2:89
   |
 2 |   watch: { folder: /tmp, include: ["/etc/*", "sub/", "a/../b"], exclude: "[a", ignore: [5] }
   |                                                                                         ^
   = quote it: "5"

error: an empty glob
  --> rules/dumps.yaml:5:9
   |
 5 | order: ["", "*.html"]
   |         ^^
   = a glob is matched below the folder: `*.pdf`, `sub/*.pdf`, `**/*.pdf`

"#,
    },
    Case {
        title: "folders that cannot be watched",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: backups/db }
then:
  - upload: { to: offsite }
",
        shown: "error: a watched folder is absolute
  --> rules/dumps.yaml:2:20
   |
 2 |   watch: { folder: backups/db }
   |                    ^^^^^^^^^^
   = write it from `/`

",
    },
    Case {
        title: "a home folder is a shell's",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: ~/backups }
then:
  - upload: { to: offsite }
",
        shown: "error: a watched folder is absolute
  --> rules/dumps.yaml:2:20
   |
 2 |   watch: { folder: ~/backups }
   |                    ^^^^^^^^^
   = `~` is a shell's: write the folder out, from `/`

",
    },
    Case {
        title: "a folder with a way out",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /srv/../etc }
then:
  - upload: { to: offsite }
",
        shown: "error: a watched folder has no `..` in it
  --> rules/dumps.yaml:2:20
   |
 2 |   watch: { folder: /srv/../etc }
   |                    ^^^^^^^^^^^
   = write it straight

",
    },
    Case {
        title: "a folder that is not there is only a warning",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /no/such/folder }
then:
  - upload: { to: offsite }
",
        shown: "warning: this folder cannot be seen: No such file or directory (os error 2)
  --> rules/dumps.yaml:2:20
   |
 2 |   watch: { folder: /no/such/folder }
   |                    ^^^^^^^^^^^^^^^
   = the rule waits until it is there

",
    },
    Case {
        title: "a path that leaves its root",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite, path: "../htdocs/{{ file.path }}" }
"#,
        shown: r#"error: this path can leave its root
  --> rules/dumps.yaml:4:35
   |
 4 |   - upload: { to: offsite, path: "../htdocs/{{ file.path }}" }
   |                                   ^^
   = a path stays below the server's folder; set `folder:` at the server to start higher

"#,
    },
    Case {
        title: "a path from the root, and one with an unknown name",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite, path: "/srv/{{ file.path }}" }
  - upload: { to: offsite, path: "{{ file.nmae }}" }
"#,
        shown: r#"error: this path starts at the root of the server
  --> rules/dumps.yaml:4:35
   |
 4 |   - upload: { to: offsite, path: "/srv/{{ file.path }}" }
   |                                   ^
   = a path stays below the server's folder; set `folder:` at the server to start higher

error: there is no `file.nmae` here
  --> rules/dumps.yaml:5:38
   |
 5 |   - upload: { to: offsite, path: "{{ file.nmae }}" }
   |                                      ^^^^^^^^^
   = `file` has name, stem, ext, path, folder, size, modified. Did you mean `name`?

"#,
    },
    Case {
        title: "a path of now",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite, path: "{{ now }}/{{ file.name }}" }
"#,
        shown: r#"error: `now` would be another moment at the next try
  --> rules/dumps.yaml:4:38
   |
 4 |   - upload: { to: offsite, path: "{{ now }}/{{ file.name }}" }
   |                                      ^^^
   = use `arrived`: the moment the file came, the same at every try

"#,
    },
    Case {
        title: "conditions that cannot be read",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
if: file.size = 5
then:
  - upload: { to: offsite }
    if: {{ file.name }}
",
        shown: "error: this cannot be read: unexpected input after expression
  --> rules/dumps.yaml:3:15
   |
 3 | if: file.size = 5
   |               ^
   = to compare, write `==`

error: a map, expected a condition
  --> rules/dumps.yaml:6:9
   |
 6 |     if: {{ file.name }}
   |         ^^^^^^^^^^^^^^^
   = a condition has no braces: `if: file.size > 0`

",
    },
    Case {
        title: "windows and zones that are none",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
windows: ["Mon-Fri 22:00-25:00", "Mo 1:00-2:00", night]
time_zone: Europe/Berln
"#,
        shown: r#"error: `25:00` is not a time of day
  --> rules/dumps.yaml:5:26
   |
 5 | windows: ["Mon-Fri 22:00-25:00", "Mo 1:00-2:00", night]
   |                          ^^^^^
   = hours and minutes: `06:30`, to `24:00`

error: `Mo` is not a day
  --> rules/dumps.yaml:5:35
   |
 5 | windows: ["Mon-Fri 22:00-25:00", "Mo 1:00-2:00", night]
   |                                   ^^
   = Mon Tue Wed Thu Fri Sat Sun

error: a window needs times as well
  --> rules/dumps.yaml:5:50
   |
 5 | windows: ["Mon-Fri 22:00-25:00", "Mo 1:00-2:00", night]
   |                                                  ^^^^^
   = days, then times: `Mon-Fri 22:00-06:00`; every day: `01:00-05:00`; whole days: `Sat-Sun 00:00-24:00`

error: there is no time zone `Europe/Berln`
  --> rules/dumps.yaml:6:12
   |
 6 | time_zone: Europe/Berln
   |            ^^^^^^^^^^^^
   = did you mean `Europe/Berlin`?

"#,
    },
    Case {
        title: "a deadline that passes between two windows",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite }
windows: "01:00-05:00"
deadline: 12h
"#,
        shown: r#"warning: the deadline of 12h fits between two windows, 20h apart
  --> rules/dumps.yaml:5:10
   |
 5 | windows: "01:00-05:00"
   |          ^^^^^^^^^^^^^
   = make the deadline longer, or add a window

"#,
    },
    Case {
        title: "a done-file that is somewhere else",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp, done_file: "ok/{{ file.stem }}.ok" }
then:
  - upload: { to: offsite }
"#,
        shown: r#"error: a done-file lies beside its file
  --> rules/dumps.yaml:2:40
   |
 2 |   watch: { folder: /tmp, done_file: "ok/{{ file.stem }}.ok" }
   |                                        ^

"#,
    },
    Case {
        title: "a done-file as a glob, which would wait for ever",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp, done_file: "*.done" }
then:
  - upload: { to: offsite }
"#,
        shown: r#"error: a done-file is named by a template, not by a glob
  --> rules/dumps.yaml:2:38
   |
 2 |   watch: { folder: /tmp, done_file: "*.done" }
   |                                      ^
   = `{{ file.name }}.done` or `{{ file.stem }}.done`

"#,
    },
    Case {
        title: "letters that could steer a terminal are spelt out",
        file: Faulty::Rule,
        text: "about: \"\\e[2J\"
when:
  watch: { folder: /tmp }
then:
  - upload: { to: \"off\u{202e}site\u{200b}\" }
",
        shown: r#"error: there is no server `off\u{202e}site\u{200b}`
  --> rules/dumps.yaml:5:19
   |
 5 |   - upload: { to: "off\u{202e}site\u{200b}" }
   |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
   = packetboat.yaml has offsite (ftp). Did you mean `offsite`?

"#,
    },
    Case {
        title: "wide letters and tabs keep the caret in place",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: { to: offsite,\tpath: \"日本/{{ file.path }}\", prof: hash }
",
        shown: r#"error: unknown key `prof`
  --> rules/dumps.yaml:4:56
   |
 4 |   - upload: { to: offsite,    path: "日本/{{ file.path }}", prof: hash }
   |                                                             ^^^^
   = did you mean `proof`? (default size)

"#,
    },
    Case {
        title: "a long line is cut around its caret",
        file: Faulty::Rule,
        text: r#"when:
  watch: { folder: /tmp, include: ["file-0.pdf", "file-1.pdf", "file-2.pdf", "file-3.pdf", "file-4.pdf", "file-5.pdf", "file-6.pdf", "file-7.pdf", "file-8.pdf", "file-9.pdf", "file-10.pdf", "file-11.pdf", "file-12.pdf", "file-13.pdf", "file-14.pdf", "file-15.pdf", "file-16.pdf", "file-17.pdf", "file-18.pdf", "file-19.pdf", "file-20.pdf", "file-21.pdf", "file-22.pdf", "file-23.pdf", "file-24.pdf", "file-25.pdf", "file-26.pdf", "file-27.pdf", "file-28.pdf", "file-29.pdf", "file-30.pdf", "file-31.pdf", "file-32.pdf", "file-33.pdf", "file-34.pdf", "file-35.pdf", "file-36.pdf", "file-37.pdf", "file-38.pdf", "file-39.pdf"], exlude: "*.tmp", min_age: 1d, ignore: ["x-0", "x-1", "x-2", "x-3", "x-4", "x-5", "x-6", "x-7", "x-8", "x-9", "x-10", "x-11", "x-12", "x-13", "x-14", "x-15", "x-16", "x-17", "x-18", "x-19", "x-20", "x-21", "x-22", "x-23", "x-24", "x-25", "x-26", "x-27", "x-28", "x-29", "x-30", "x-31", "x-32", "x-33", "x-34", "x-35", "x-36", "x-37", "x-38", "x-39"] }
then:
  - upload: { to: offsite }
"#,
        shown: r#"error: unknown key `exlude`
  --> rules/dumps.yaml:2:627
   |
 2 | …df", "file-38.pdf", "file-39.pdf"], exlude: "*.tmp", min_age: 1d, ignore: ["x-0", "x-1", "x-2", "x-3", "x-4", …
   |                                      ^^^^^^
   = did you mean `exclude`?

"#,
    },
    Case {
        title: "an alias shows its mistake once",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /tmp }
then:
  - upload: &here { to: ofsite }
  - upload: *here
",
        shown: "error: there is no server `ofsite`
  --> rules/dumps.yaml:4:25
   |
 4 |   - upload: &here { to: ofsite }
   |                         ^^^^^^
   = packetboat.yaml has offsite (ftp). Did you mean `offsite`?

",
    },
    Case {
        title: "keys that belong elsewhere or come later",
        file: Faulty::PacketboatYaml,
        text: r#"database: /var/lib
retry: { attempts: 5 }
mail: { from: a@example.com }
doors: {}
heartbeat: ""
limits: { message_size: 25MB, disk_free: 1G }
history: { bodies: 7d, failed: 1h }
defaults: { delayed_after: 1h, deadline: never }
"#,
        shown: r#"error: unknown key `database`
  --> packetboat.yaml:1:1
   |
 1 | database: /var/lib
   | ^^^^^^^^
   = write `storage`: a folder for the database and all else that is ours

error: unknown key `retry`
  --> packetboat.yaml:2:1
   |
 2 | retry: { attempts: 5 }
   | ^^^^^
   = write it below `defaults`

error: `mail` is not built yet
  --> packetboat.yaml:3:1
   |
 3 | mail: { from: a@example.com }
   | ^^^^
   = leave it out: this version moves files only and sends no mail

error: `doors` is not built yet
  --> packetboat.yaml:4:1
   |
 4 | doors: {}
   | ^^^^^
   = leave it out: this version takes files from watched folders only

error: `heartbeat` is not built yet
  --> packetboat.yaml:5:1
   |
 5 | heartbeat: ""
   | ^^^^^^^^^
   = leave it out: let the service manager watch over the process

error: `message_size` is not built yet
  --> packetboat.yaml:6:11
   |
 6 | limits: { message_size: 25MB, disk_free: 1G }
   |           ^^^^^^^^^^^^
   = leave it out: this version handles no mail

error: `G` is not a unit of a size
  --> packetboat.yaml:6:43
   |
 6 | limits: { message_size: 25MB, disk_free: 1G }
   |                                           ^
   = a size is written 512B, 64KiB, 10MB or 2GB

error: `bodies` is not built yet
  --> packetboat.yaml:7:12
   |
 7 | history: { bodies: 7d, failed: 1h }
   |            ^^^^^^
   = leave it out: this version handles no mail

error: too short: it is at least 1d
  --> packetboat.yaml:7:32
   |
 7 | history: { bodies: 7d, failed: 1h }
   |                                ^^

error: `delayed_after` is not built yet
  --> packetboat.yaml:8:13
   |
 8 | defaults: { delayed_after: 1h, deadline: never }
   |             ^^^^^^^^^^^^^
   = leave it out: this version sends no notices; `packetboat status` shows what waits

error: `never` is not a span of time
  --> packetboat.yaml:8:42
   |
 8 | defaults: { delayed_after: 1h, deadline: never }
   |                                          ^^^^^
   = a span of time is written 500ms, 10s, 5m, 24h or 7d

"#,
    },
    Case {
        title: "a server's keys",
        file: Faulty::PacketboatYaml,
        text: r#"servers:
  offsite:
    ftp:
      host: ftp://backup.example.com
      port: 99999
      usr: acme
      password: { env: HOME }
      tls: starttls
      tls_max: "1.1"
      connections: 0
      mode: pasive
      charset: latin1
      path_style: dos
      proxy: "socks5://localhost:1080"
      keepalive: 0s
      timeouts: { connect: 15, relpy: 60s }
"#,
        shown: r#"error: a URL, expected a host
  --> packetboat.yaml:4:13
   |
 4 |       host: ftp://backup.example.com
   |             ^^^^^^^^^^^^^^^^^^^^^^^^
   = write the name or the address alone: `backup.example.com`

error: a port is a whole number from 1 to 65535, and here it is 99999
  --> packetboat.yaml:5:13
   |
 5 |       port: 99999
   |             ^^^^^

error: unknown key `usr`
  --> packetboat.yaml:6:7
   |
 6 |       usr: acme
   |       ^^^
   = did you mean `user`?

error: unknown word `starttls`
  --> packetboat.yaml:8:12
   |
 8 |       tls: starttls
   |            ^^^^^^^^
   = one of explicit implicit none

error: unknown word `1.1`
  --> packetboat.yaml:9:16
   |
 9 |       tls_max: "1.1"
   |                ^^^^^
   = one of 1.2 1.3. Did you mean `1.2`?

error: `connections` is a whole number from 1 to 64, and here it is 0
  --> packetboat.yaml:10:20
   |
10 |       connections: 0
   |                    ^

error: unknown word `pasive`
  --> packetboat.yaml:11:13
   |
11 |       mode: pasive
   |             ^^^^^^
   = one of passive active. Did you mean `passive`?

error: `charset: latin1` is not built yet
  --> packetboat.yaml:12:16
   |
12 |       charset: latin1
   |                ^^^^^^
   = this version sends names as they are, byte for byte; `utf-8` is what servers expect

error: `dos` is not built yet
  --> packetboat.yaml:13:19
   |
13 |       path_style: dos
   |                   ^^^
   = this version writes paths with `/`

error: `proxy` is not built yet
  --> packetboat.yaml:14:7
   |
14 |       proxy: "socks5://localhost:1080"
   |       ^^^^^
   = leave it out: this version connects to servers directly

error: too short: it is at least 1s
  --> packetboat.yaml:15:18
   |
15 |       keepalive: 0s
   |                  ^^

error: `15` has no unit
  --> packetboat.yaml:16:28
   |
16 |       timeouts: { connect: 15, relpy: 60s }
   |                            ^^
   = a span of time is written 500ms, 10s, 5m, 24h or 7d; `15s`?

error: unknown key `relpy`
  --> packetboat.yaml:16:32
   |
16 |       timeouts: { connect: 15, relpy: 60s }
   |                                ^^^^^
   = did you mean `reply`? (default 60s)

"#,
    },
    Case {
        title: "certificates and pins",
        file: Faulty::PacketboatYaml,
        text: r#"servers:
  a:
    ftp: { host: a, user: u, password: { env: HOME }, ca_file: no-such.pem, pin_sha256: "ab:cd", client_key: { file: k } }
"#,
        shown: r#"error: no-such.pem cannot be read: No such file or directory (os error 2)
  --> packetboat.yaml:3:64
   |
 3 | …ost: a, user: u, password: { env: HOME }, ca_file: no-such.pem, pin_sha256: "ab:cd", client_key: { file: k } }
   |                                                     ^^^^^^^^^^^

error: a SHA-256 has 64 hex digits, and here are 4
  --> packetboat.yaml:3:89
   |
 3 | …ost: a, user: u, password: { env: HOME }, ca_file: no-such.pem, pin_sha256: "ab:cd", client_key: { file: k } }
   |                                                                              ^^^^^^^
   = `openssl x509 -in certificate.pem -noout -fingerprint -sha256` prints it

error: a key without its certificate
  --> packetboat.yaml:3:98
   |
 3 | …ost: a, user: u, password: { env: HOME }, ca_file: no-such.pem, pin_sha256: "ab:cd", client_key: { file: k } }
   |                                                                                       ^^^^^^^^^^
   = add `client_certificate: acme.pem`

"#,
    },
    Case {
        title: "servers of no kind, of two, of another, twice",
        file: Faulty::PacketboatYaml,
        text: r#"servers:
  none: {}
  both: { ftp: { host: h, user: u, password: { env: HOME } }, smtp: { host: h } }
  other: { type: ftp, host: h }
  relay: { smtp: { host: h } }
  "a b": { ftp: {} }
  twice: { ftp: { host: h, user: u, password: { env: HOME } } }
  twice: { ftp: { host: h, user: u, password: { env: HOME } } }
"#,
        shown: r#"error: a server without a kind
  --> packetboat.yaml:2:9
   |
 2 |   none: {}
   |         ^^
   = write `ftp: { host: …, user: …, password: … }`

error: `smtp` is not built yet
  --> packetboat.yaml:3:63
   |
 3 |   both: { ftp: { host: h, user: u, password: { env: HOME } }, smtp: { host: h } }
   |                                                               ^^^^
   = leave it out: this version moves files only and sends no mail

error: `smtp` beside `ftp`
  --> packetboat.yaml:3:63
   |
 3 |   both: { ftp: { host: h, user: u, password: { env: HOME } }, smtp: { host: h } }
   |                                                               ^^^^
   = a server is one of them; make it two

error: unknown key `type`
  --> packetboat.yaml:4:12
   |
 4 |   other: { type: ftp, host: h }
   |            ^^^^
   = write `ftp: { … }`

error: unknown key `host`
  --> packetboat.yaml:4:23
   |
 4 |   other: { type: ftp, host: h }
   |                       ^^^^
   = write `ftp: { host: … }`

error: `smtp` is not built yet
  --> packetboat.yaml:5:12
   |
 5 |   relay: { smtp: { host: h } }
   |            ^^^^
   = leave it out: this version moves files only and sends no mail

error: this is not a server's name
  --> packetboat.yaml:6:3
   |
 6 |   "a b": { ftp: {} }
   |   ^^^^^
   = a name has letters, digits, `-`, `_` and `.`, at most 64, and does not begin with `-`

error: two servers are called `twice`
  --> packetboat.yaml:8:3
   |
 8 |   twice: { ftp: { host: h, user: u, password: { env: HOME } } }
   |   ^^^^^
  ::: packetboat.yaml:7:3
   |
 7 |   twice: { ftp: { host: h, user: u, password: { env: HOME } } }
   |   ----- the first
   = name one of them otherwise

"#,
    },
    Case {
        title: "secrets from nowhere",
        file: Faulty::PacketboatYaml,
        text: "servers:
  a: { ftp: { host: h, user: u, password: { env: PACKETBOAT_NOT_SET } } }
  b: { ftp: { host: h, user: u, password: { file: no-such.password } } }
  c: { ftp: { host: h, user: u, password: { evn: HOME } } }
  d: { ftp: { host: h, user: u, password: 12345 } }
  e: { ftp: { host: h, user: u, password: [hunter2] } }
  f: { ftp: { host: h, user: u, password: { hunter2: } } }
  g: { ftp: { host: h, user: u, password: } }
  h: { ftp: { host: h, user: u, password: { env: HOME, file: x } } }
",
        shown: "error: the environment variable `PACKETBOAT_NOT_SET` is not set
  --> packetboat.yaml:2:50
   |
 2 |   a: { ftp: { host: h, user: u, password: { env: PACKETBOAT_NOT_SET } } }
   |                                                  ^^^^^^^^^^^^^^^^^^
   = set it where packetboat is started, or write `{ file: name }`

error: there is no secret file `no-such.password`
  --> packetboat.yaml:3:51
   |
 3 |   b: { ftp: { host: h, user: u, password: { file: no-such.password } } }
   |                                                   ^^^^^^^^^^^^^^^^
   = looked for no-such.password

error: unknown key `evn`
  --> packetboat.yaml:4:45
   |
 4 |   c: { ftp: { host: h, user: u, password: { evn: HOME } } }
   |                                             ^^^
   = did you mean `env`?

error: a number, expected a secret
  --> packetboat.yaml:5:43
   |
 5 |   d: { ftp: { host: h, user: u, password: ******* } }
   |                                           ^^^^^^^
   = a secret is `{ env: NAME }`, `{ file: name }` or a text in quotes

error: a list, expected a secret
  --> packetboat.yaml:6:43
   |
 6 |   e: { ftp: { host: h, user: u, password: ******* } }
   |                                           ^^^^^^^
   = a secret is `{ env: NAME }`, `{ file: name }` or a text in quotes

error: not a secret
  --> packetboat.yaml:7:43
   |
 7 |   f: { ftp: { host: h, user: u, password: ******* } }
   |                                           ^^^^^^^
   = a secret is `{ env: NAME }`, `{ file: name }` or a text in quotes

error: nothing, expected a secret
  --> packetboat.yaml:8:41
   |
 8 |   g: { ftp: { host: h, user: u, password: } }
   |                                         ^
   = a secret is `{ env: NAME }`, `{ file: name }` or a text in quotes

error: `file` beside `env`
  --> packetboat.yaml:9:62
   |
 9 |   h: { ftp: { host: h, user: u, password: { env: HOME, file: x } } }
   |                                                              ^
   = a secret comes from one place

",
    },
    Case {
        title: "a secret is masked in every excerpt of its line",
        file: Faulty::PacketboatYaml,
        text: r#"servers:
  offsite: { ftp: { host: "backup.example.com:21", user: acme, password: hunter2, prt: 21 } }
"#,
        shown: r#"error: a port does not belong to a host
  --> packetboat.yaml:2:27
   |
 2 |   offsite: { ftp: { host: "backup.example.com:21", user: acme, password: *******, prt: 21 } }
   |                           ^^^^^^^^^^^^^^^^^^^^^^^
   = write `port: 21` beside it

error: a secret stands in a file that others can read
  --> packetboat.yaml:2:74
   |
 2 |   offsite: { ftp: { host: "backup.example.com:21", user: acme, password: *******, prt: 21 } }
   |                                                                          ^^^^^^^ never printed, here or in a log
   = mode is 0644: `chmod 600 packetboat.yaml`, or better `{ env: OFFSITE_PASSWORD }`

error: unknown key `prt`
  --> packetboat.yaml:2:83
   |
 2 |   offsite: { ftp: { host: "backup.example.com:21", user: acme, password: *******, prt: 21 } }
   |                                                                                   ^^^
   = did you mean `port`? (default 21)

"#,
    },
    Case {
        title: "a secret is masked where the file cannot be read",
        file: Faulty::PacketboatYaml,
        text: "servers:
  offsite:
    ftp:
      password: hunter2: oh
",
        shown: "error: this secret cannot be read
  --> packetboat.yaml:4:24
   |
 4 |       password: *******
   |                 ^^^^^^^
   = put it in quotes, or better write `{ env: NAME }` or `{ file: name }`

",
    },
    Case {
        title: "a password in the clear",
        file: Faulty::PacketboatYaml,
        text: "servers:
  a: { ftp: { host: h, user: u, password: { env: HOME }, tls: none } }
  b: { ftp: { host: 127.0.0.1, user: u, password: { env: HOME }, tls: none } }
",
        shown: "warning: the password and the files travel in the clear
  --> packetboat.yaml:2:63
   |
 2 |   a: { ftp: { host: h, user: u, password: { env: HOME }, tls: none } }
   |                                                               ^^^^
   = `tls: explicit` is the default; `packetboat check --probe` says what the server offers

",
    },
    Case {
        title: "windows of a bandwidth",
        file: Faulty::PacketboatYaml,
        text: r#"servers:
  a: { ftp: { host: h, user: u, password: { env: HOME }, bandwidth: fast, bandwidth_in: { "Mon-Fri 8-18": 2MB } } }
"#,
        shown: r#"error: `fast` is not a bandwidth
  --> packetboat.yaml:2:69
   |
 2 | …{ ftp: { host: h, user: u, password: { env: HOME }, bandwidth: fast, bandwidth_in: { "Mon-Fri 8-18": 2MB } } }
   |                                                                 ^^^^
   = a bandwidth is written 500KB/s, 2MB/s or 10MiB/s

error: `8` is not a time of day
  --> packetboat.yaml:2:100
   |
 2 | …{ ftp: { host: h, user: u, password: { env: HOME }, bandwidth: fast, bandwidth_in: { "Mon-Fri 8-18": 2MB } } }
   |                                                                                                ^
   = hours and minutes: `06:30`, to `24:00`

error: `2MB` is not a bandwidth
  --> packetboat.yaml:2:107
   |
 2 | …{ ftp: { host: h, user: u, password: { env: HOME }, bandwidth: fast, bandwidth_in: { "Mon-Fri 8-18": 2MB } } }
   |                                                                                                       ^^^
   = a bandwidth is written 500KB/s, 2MB/s or 10MiB/s

"#,
    },
    Case {
        title: "a rule that would send our own storage",
        file: Faulty::Rule,
        text: "when:
  watch: { folder: /var/lib, recursive: true }
then:
  - upload: { to: offsite }
",
        shown: "error: packetboat's own storage lies in this folder
  --> rules/dumps.yaml:2:20
   |
 2 |   watch: { folder: /var/lib, recursive: true }
   |                    ^^^^^^^^
   = it changes with every file that is sent; watch another folder, or move `storage`

",
    },
    Case {
        title: "a when that waits for nothing",
        file: Faulty::Rule,
        text: "when:
then: []
",
        shown: "error: `when` without a source
  --> rules/dumps.yaml:1:5
   |
 1 | when:
   |     ^
   = write `when: { watch: { folder: … } }`

error: a rule has at least one step
  --> rules/dumps.yaml:2:7
   |
 2 | then: []
   |       ^^
   = write `- upload: { to: SERVER }`

",
    },
    Case {
        title: "the same step twice in one",
        file: Faulty::Rule,
        text: "when: watch
then:
  - upload: { to: offsite }
    upload: { to: offsite }
",
        shown: "error: `folder` is missing in watch
  --> rules/dumps.yaml:1:7
   |
 1 | when: watch
   |       ^^^^^
   = add `folder: …`

error: `upload` stands here twice
  --> rules/dumps.yaml:4:5
   |
 4 |     upload: { to: offsite }
   |     ^^^^^^
  ::: rules/dumps.yaml:3:5
   |
 3 |   - upload: { to: offsite }
   |     ------ here first
   = keep one of the two

",
    },
    Case {
        title: "an address that YAML reads otherwise",
        file: Faulty::PacketboatYaml,
        text: "servers:
  a: { ftp: { host: ::1, user: u, password: { env: HOME } } }
",
        shown: "error: this YAML can be read in two ways
  --> packetboat.yaml:2:21
   |
 2 |   a: { ftp: { host: ::1, user: u, password: *******
   |                     ^
   = put quotes around the texts of this line

",
    },
    Case {
        title: "a secret beside what cannot be read",
        file: Faulty::PacketboatYaml,
        text: "servers:
  a: { ftp: { password: hunter2, host: *x } }
  b: { ftp: { host: *x, password: hunter2 } }
",
        shown: "error: this secret cannot be read
  --> packetboat.yaml:2:40
   |
 2 |   a: { ftp: { password: *******
   |                         ^^^^^^^
   = put it in quotes, or better write `{ env: NAME }` or `{ file: name }`

",
    },
    Case {
        title: "a secret that YAML takes for an anchor",
        file: Faulty::PacketboatYaml,
        text: "servers:
  a: { ftp: { host: h, user: u, password: &hunter 2 } }
",
        shown: "error: `&` begins an anchor in YAML
  --> packetboat.yaml:2:43
   |
 2 |   a: { ftp: { host: h, user: u, password: ******* } }
   |                                           ^^^^^^^
   = a secret that begins with `&` needs quotes

error: a number, expected a secret
  --> packetboat.yaml:2:51
   |
 2 |   a: { ftp: { host: h, user: u, password: ******* } }
   |                                           ^^^^^^^
   = a secret is `{ env: NAME }`, `{ file: name }` or a text in quotes

",
    },
    Case {
        title: "storage that is none",
        file: Faulty::PacketboatYaml,
        text: "storage: postgres://localhost/boat
rules: 5
time_zone: CEST
",
        shown: r#"error: a database server as storage is not built yet
  --> packetboat.yaml:1:10
   |
 1 | storage: postgres://localhost/boat
   |          ^^^^^^^^^^^^^^^^^^^^^^^^^
   = name a folder: its database is SQLite

error: a number, expected a text
  --> packetboat.yaml:2:8
   |
 2 | rules: 5
   |        ^
   = quote it: "5"

error: there is no time zone `CEST`
  --> packetboat.yaml:3:12
   |
 3 | time_zone: CEST
   |            ^^^^
   = did you mean `CET`?

"#,
    },
];
