package tokens

import "context"

// NoteUsed writes what Run writes from time to time.
func (k *Known) NoteUsed(ctx context.Context) { k.noteUsed(ctx) }
