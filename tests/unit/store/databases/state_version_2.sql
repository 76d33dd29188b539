BEGIN TRANSACTION;
CREATE TABLE batch_loop_items (
	loop VARCHAR(16) NOT NULL, 
	path BLOB NOT NULL, 
	position INTEGER, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	unended INTEGER NOT NULL, 
	claim_prompt TEXT, 
	claim_submitted_at DOUBLE, 
	claim_client TEXT, 
	claim_server TEXT, 
	claim_since DOUBLE, 
	claim_policy TEXT, 
	failure_reason TEXT, 
	failure_node_id TEXT, 
	failure_node_type TEXT, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (loop, path)
)
 WITHOUT ROWID

;
INSERT INTO "batch_loop_items" VALUES('ee51b2ff027194df',X'612E706E67',0,'done',0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.5);
INSERT INTO "batch_loop_items" VALUES('ee51b2ff027194df',X'622E706E67',1,'running',0,0,'p',1.0,NULL,'s',2.0,'{"error_handling": "Stop on error", "max_attempts": 1, "when_complete": "Stop"}',NULL,NULL,NULL,0.0);
INSERT INTO "batch_loop_items" VALUES('ee51b2ff027194df',X'632E706E67',2,'pending',0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0);
CREATE TABLE batch_loop_loops (
	id VARCHAR(16) NOT NULL, 
	name BLOB NOT NULL, 
	directory BLOB NOT NULL, 
	selection TEXT NOT NULL, 
	batch INTEGER NOT NULL, 
	mode TEXT NOT NULL, 
	looked_at DOUBLE NOT NULL, 
	looked_again BOOLEAN NOT NULL, 
	completed_at DOUBLE, 
	seconds DOUBLE NOT NULL, 
	pending INTEGER NOT NULL, 
	running INTEGER NOT NULL, 
	ended INTEGER NOT NULL, 
	done INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	finished INTEGER NOT NULL, 
	carried_file TEXT, 
	carried_lost TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "batch_loop_loops" VALUES('ee51b2ff027194df',X'',X'2F666F6C646572','{"filter": "All images", "custom_pattern": "", "recursive": false, "sort_by": "natural name", "descending": false, "start_index": 0, "limit": 0, "finished": []}',1,'Continue',0.5,0,NULL,0.0,1,1,0,1,0,0,NULL,NULL);
CREATE TABLE batch_loop_outputs (
	loop VARCHAR(16) NOT NULL, 
	target BLOB NOT NULL, 
	path BLOB NOT NULL, 
	PRIMARY KEY (loop, target)
)
 WITHOUT ROWID

;
INSERT INTO "batch_loop_outputs" VALUES('ee51b2ff027194df',X'2F6F75742F612E706E67',X'612E706E67');
CREATE TABLE batch_loop_version (
	version INTEGER NOT NULL
);
INSERT INTO "batch_loop_version" VALUES(2);
CREATE INDEX batch_loop_items_open ON batch_loop_items (loop) WHERE state = 'running' OR state = 'ended';
CREATE INDEX batch_loop_items_failed ON batch_loop_items (loop, position) WHERE state = 'failed';
CREATE INDEX batch_loop_items_pending ON batch_loop_items (loop, position) WHERE state = 'pending';
COMMIT;
