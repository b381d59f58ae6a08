package accounts_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestAPersonKeepsFiltersOfTheirOwn(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		filters := accounts.NewFilters(c.Database())
		require.NoError(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: "overdue", Query: "overdue=true"}))
		require.NoError(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: "acme", Query: "team=acme"}))
		require.NoError(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: "overdue", Query: "overdue=true&order=due"}))
		require.NoError(t, filters.Save(t.Context(), "mia", accounts.SavedFilter{Name: "held", Query: "standing=held"}))
		saved, err := filters.Of(t.Context(), "rita")
		require.NoError(t, err)
		assert.Equal(t, []accounts.SavedFilter{{Name: "acme", Query: "team=acme"}, {Name: "overdue", Query: "overdue=true&order=due"}}, saved)

		require.NoError(t, filters.Forget(t.Context(), "mia", "overdue"), "not hers")
		require.NoError(t, filters.Forget(t.Context(), "rita", "acme"))
		saved, err = filters.Of(t.Context(), "rita")
		require.NoError(t, err)
		assert.Len(t, saved, 1)
	})
}

func TestAPersonKeepsNoEndOfFilters(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		filters := accounts.NewFilters(c.Database())
		for i := range accounts.MaxFilters {
			require.NoError(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: fmt.Sprint(i)}))
		}
		require.NoError(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: "0", Query: "q=changed"}), "that is one that is there")
		require.ErrorIs(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: "one more"}), accounts.ErrTooManyFilters)
		saved, err := filters.Of(t.Context(), "rita")
		require.NoError(t, err)
		assert.Len(t, saved, accounts.MaxFilters)
	})
}
