package catalog

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzCursor reads cursors of lists: one that is understood leads to the same place when it is written and read again, anything else is
// refused as what it is.
func FuzzCursor(f *testing.F) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 123_456_000, time.UTC)
	for _, order := range []Order{NewestFirst, DueFirst} {
		f.Add(order.cursor(Item{ID: "weather", UpdatedAt: at, DueAt: &at, Expedited: order == DueFirst}))
		f.Add(order.cursor(Item{ID: "weather", UpdatedAt: at}))
	}
	f.Add("")
	f.Add("MjAyNi0xMS0wMVQwOTowMDowMFogIGV4cGVkaXRlZCBleHBlZGl0ZWQ")
	f.Add("OTk5OS0xMi0zMVQyMzo1OTo1OS0xMjowMCB4")
	f.Fuzz(func(t *testing.T, cursor string) {
		rank, at, id, err := readCursor(cursor)
		if err != nil {
			require.True(t, errors.Is(err, ErrInvalid), "%v", err)
			assert.Contains(t, err.Error(), "next_cursor")
			return
		}
		item := Item{ID: id, DueAt: &at, Expedited: rank == rankExpedited}
		rankAgain, atAgain, idAgain, err := readCursor(DueFirst.cursor(item))
		require.NoError(t, err)
		assert.Equal(t, rank, rankAgain)
		assert.Equal(t, id, idAgain)
		assert.True(t, at.Equal(atAgain), "%s %s", at, atAgain)
	})
}
