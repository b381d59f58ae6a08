-- +goose Up

-- Rollouts by how they stand, in the order of what is due: nobody has to look through all mini-programs for the few that are held.
CREATE INDEX mini_programs_standing ON mini_programs (standing, queue_rank, due_at, id) WHERE standing IS NOT NULL;
