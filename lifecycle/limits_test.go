package lifecycle

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsTooLargeAsAWholeIsRefused(t *testing.T) {
	many := make([]string, 400)
	for i := range many {
		many[i] = strings.Repeat("<", 100) // six letters each in JSON
	}
	refusal := inState(t, GrayscaleRelease).try(SetGrayscale, ann, func(c *Command) { c.Testers = &many })
	assert.Contains(t, refusedWith(t, InvalidInput, refusal), "65536")
	_, _, refusal = NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "acme", Actor: ann, Comment: strings.Repeat("x", 70_000)}, start, DefaultSettings())
	assert.Contains(t, refusedWith(t, InvalidInput, refusal), "65536")
}

func TestTheLimitsInTheDocsAreTheTable(t *testing.T) {
	docs, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	assert.Contains(t, string(docs), LimitsTable(), "the limits in docs/api.md are out of date; run: make diagram")
}
