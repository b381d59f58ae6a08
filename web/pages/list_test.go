package pages

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestAListLeadsToTheSameInTemporalUI(t *testing.T) {
	const latest = `WorkflowType="MiniProgram" AND ExecutionStatus!="ContinuedAsNew"`
	p := &Pages{Options: Options{TemporalUI: "https://temporal.example", Namespace: "my space"}}
	for shown, expected := range map[string]string{
		"":              latest,
		"q=maps&team=":  latest,
		"overdue=true":  latest + ` AND MiniProgramOverdue=true`,
		"team=a%22b%26": latest + ` AND MiniProgramTeam="a\"b&"`,
		"state=GrayscaleRelease&state=ProductionRelease": latest + ` AND MiniProgramState IN ("GrayscaleRelease","ProductionRelease")`,
	} {
		query, err := url.ParseQuery(shown)
		require.NoError(t, err)
		filter, err := readFilter(query, lifecycle.Actor{User: "rita"})
		require.NoError(t, err)
		address, err := url.Parse(p.workflowsUI(filter))
		require.NoError(t, err)
		assert.Equal(t, "/namespaces/my space/workflows", address.Path)
		assert.Equal(t, expected, address.Query().Get("query"), shown)
	}
	filter, _ := readFilter(nil, lifecycle.Actor{})
	assert.Empty(t, (&Pages{}).workflowsUI(filter), "where it is not known where Temporal UI is")
}
