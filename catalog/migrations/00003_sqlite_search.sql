-- +goose Up

-- SQLite finds texts that few mini-programs contain by their trigrams. What the index finds is checked again, so that
-- an entry may stay when a new life of an id has another title.
CREATE VIRTUAL TABLE search_index USING fts5 (id UNINDEXED, text, tokenize = 'trigram', columnsize = 0);
-- +goose StatementBegin
CREATE TRIGGER mini_programs_inserted AFTER INSERT ON mini_programs BEGIN
    INSERT INTO search_index (id, text) VALUES (new.id, new.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER mini_programs_renamed AFTER UPDATE OF search ON mini_programs WHEN new.search <> old.search BEGIN
    INSERT INTO search_index (id, text) VALUES (new.id, new.search);
END;
-- +goose StatementEnd
