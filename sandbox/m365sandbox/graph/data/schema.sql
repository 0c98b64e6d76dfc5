-- The Graph sandbox's one database. Written for 100,000 messages: narrow columns first, so that filters and pages do
-- not read past them; bodies, headers and attachments in tables of their own, read only when asked for.
-- Times are UTC as YYYY-MM-DDTHH:MM:SS without the Z, so that they compare as text, fractions in a filter included.

CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (4);

-- What PATCH /sandbox/tenant sets (name, JSON value), and the counter from which ids are made.
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('id', 256);

CREATE TABLE mailboxes (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,                                      -- the user's object id
  user_principal_name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  state TEXT NOT NULL,                                          -- ok, unlicensed, on_premises, soft_deleted
  user_purpose TEXT NOT NULL,
  properties TEXT NOT NULL                                      -- the user resource, JSON
);

CREATE TABLE folders (
  number INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE,
  parent INTEGER REFERENCES folders,                            -- NULL only for the mailbox's root
  display_name TEXT NOT NULL,
  well_known TEXT,
  is_hidden INTEGER NOT NULL DEFAULT 0,
  listed INTEGER NOT NULL DEFAULT 1,                            -- 0: its messages are left out of the mailbox's list
  counter INTEGER NOT NULL,                                     -- its part in ids
  changed INTEGER                                               -- when it changed last, as a counter; NULL: when made
);
CREATE INDEX folders_of_mailbox ON folders (mailbox, parent);

CREATE TABLE messages (
  number INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
  folder INTEGER NOT NULL REFERENCES folders,
  listed INTEGER NOT NULL,                                      -- copy of folders.listed
  received TEXT NOT NULL,
  sent TEXT,
  created TEXT NOT NULL,
  modified TEXT NOT NULL,
  is_read INTEGER,
  is_draft INTEGER,
  has_attachments INTEGER,
  is_read_receipt_requested INTEGER,
  is_delivery_receipt_requested INTEGER,
  importance TEXT,
  inference_classification TEXT,
  rest_id TEXT NOT NULL,
  immutable_id TEXT NOT NULL,
  change_key TEXT NOT NULL,
  internet_message_id TEXT,
  conversation_id TEXT,
  conversation_index TEXT,
  odata_type TEXT,                                              -- NULL for an ordinary message
  subject TEXT,
  body_preview TEXT,
  -- Members with structure, as the JSON text that is sent.
  from_json TEXT NOT NULL,
  sender_json TEXT NOT NULL,
  to_json TEXT NOT NULL,
  cc_json TEXT NOT NULL,
  bcc_json TEXT NOT NULL,
  reply_to_json TEXT NOT NULL,
  categories_json TEXT NOT NULL,
  flag_json TEXT NOT NULL,
  extra_json TEXT NOT NULL DEFAULT '{}',                        -- members of a derived type
  -- Counters for change tracking: when it came into its folder, when it changed last. NULL: when it was made (number).
  entered INTEGER,
  changed INTEGER
);
CREATE UNIQUE INDEX messages_by_rest_id ON messages (rest_id);
CREATE UNIQUE INDEX messages_by_immutable_id ON messages (immutable_id);
CREATE INDEX messages_by_time ON messages (mailbox, listed, received);
CREATE INDEX messages_by_folder ON messages (mailbox, folder, received);
CREATE INDEX messages_by_message_id ON messages (mailbox, internet_message_id);
CREATE INDEX messages_counted ON messages (mailbox, folder, is_read);
CREATE INDEX messages_by_change ON messages (mailbox, folder, COALESCE(changed, number));

-- What left a folder, for change tracking. `entered` is when it had come, `reason` as Graph says it.
CREATE TABLE removals (
  counter INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  folder INTEGER NOT NULL,
  message INTEGER NOT NULL,
  entered INTEGER NOT NULL,
  received TEXT NOT NULL,
  rest_id TEXT NOT NULL,
  immutable_id TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX removals_of_folder ON removals (folder, counter);
CREATE TABLE folder_removals (
  counter INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  id TEXT NOT NULL,
  entered INTEGER NOT NULL
);

-- Change tracking as its clients know it: what was asked for first, and the generations of links given out since.
CREATE TABLE syncs (
  number INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  folder INTEGER NOT NULL,                                      -- 0 for the folder tree
  options TEXT NOT NULL,                                        -- JSON
  started INTEGER NOT NULL                                      -- the counter when it began
);
CREATE TABLE generations (
  sync INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  position INTEGER NOT NULL,                                    -- what changed up to this counter has been told
  issued TEXT NOT NULL,
  PRIMARY KEY (sync, generation)
) WITHOUT ROWID;

-- JSON texts, compressed; of a generated mail the way to make its body (mail/recipe.py).
CREATE TABLE contents (
  message INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
  body BLOB NOT NULL,
  unique_body BLOB,
  headers BLOB,
  mime BLOB                                                     -- the mail it came as, if it did
);

CREATE TABLE attachments (
  number INTEGER PRIMARY KEY,
  message INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
  kind TEXT NOT NULL,                                           -- fileAttachment, itemAttachment, referenceAttachment
  rest_id TEXT NOT NULL,
  immutable_id TEXT NOT NULL,
  name TEXT,
  content_type TEXT,
  size INTEGER NOT NULL,
  is_inline INTEGER NOT NULL,
  modified TEXT NOT NULL,
  content_id TEXT,
  length INTEGER NOT NULL DEFAULT 0,                            -- bytes of a file's content
  item TEXT,                                                    -- JSON of an item
  scanned TEXT,                                                 -- until then a placeholder stands in its place
  content_location TEXT
);
CREATE INDEX attachments_of_message ON attachments (message);

-- The contents of files, in pieces of one length; at position -1 the way to make it (mail/recipe.py).
CREATE TABLE files (
  attachment INTEGER NOT NULL REFERENCES attachments ON DELETE CASCADE,
  position INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (attachment, position)
);

-- Threads: the first 22 bytes of conversationIndex are the same in all their messages, in every mailbox.
CREATE TABLE threads (root BLOB PRIMARY KEY, header BLOB NOT NULL) WITHOUT ROWID;
