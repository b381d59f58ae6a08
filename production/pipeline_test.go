//go:build production

package production

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/e2e/plaintext"
	"slipway/lifecycle"
	"slipway/tokens"
)

// makeToken lets a developer make the token of a pipeline, which acts under its own name from then on.
func (i *installation) makeToken(by, name string, actions ...lifecycle.Action) {
	i.t.Helper()
	draft, err := json.Marshal(tokens.Draft{Name: name, Kind: tokens.Pipeline, Team: "acme", Actions: actions})
	require.NoError(i.t, err)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.proxy.URL+"/api/v1/tokens", bytes.NewReader(draft))
	require.NoError(i.t, err)
	request.Header.Set("Authorization", "Bearer "+i.tokens[by])
	request.Header.Set("Content-Type", "application/json")
	response, err := api.Do(request)
	require.NoError(i.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(i.t, http.StatusCreated, response.StatusCode)
	var made struct{ Token string }
	require.NoError(i.t, json.NewDecoder(response.Body).Decode(&made))
	i.tokens[name] = made.Token
}

// inTemporal tells which of the words are in the databases of Temporal's server.
func (i *installation) inTemporal(words ...string) (found []string) {
	i.t.Helper()
	for _, name := range []string{"temporal", "temporal_visibility"} {
		db, err := sql.Open("pgx", fmt.Sprintf("postgres:///%s?host=%s&user=%s", name, here.postgres.folder, here.postgres.user()))
		require.NoError(i.t, err)
		words, cells, err := plaintext.SearchDatabase(ctx, db, words...)
		require.NoError(i.t, err)
		require.NoError(i.t, db.Close())
		require.Positive(i.t, cells, name)
		found = append(found, words...)
	}
	return found
}

// A pipeline brings a version to everyone with nothing but its token; people decide. What they write is in no table of Temporal's.
func TestAMiniProgramIsPublishedByAPipelineWithItsToken(t *testing.T) {
	i := install(t, "pipeline")
	i.everything(here.built)
	i.makeToken("dana", "ci", lifecycle.UploadCode, lifecycle.RequestPublishing, lifecycle.Publish)
	dana, rita, ci := i.as("dana"), i.as("rita"), i.as("ci")
	require.NoError(t, dana.requestCreation("telltale"))
	require.NoError(t, rita.act("telltale", lifecycle.ApproveCreation, map[string]any{"comment": "a whispered welcome"}))
	require.NoError(t, ci.upload("telltale", "1.0.0"))
	require.NoError(t, ci.act("telltale", lifecycle.RequestPublishing, map[string]any{"notes": "unheard-of improvements"}))
	require.NoError(t, rita.act("telltale", lifecycle.ApprovePublishing, nil))
	require.NoError(t, ci.act("telltale", lifecycle.Publish, plan(0, false)))
	require.NoError(t, ci.becomes("telltale", lifecycle.Published, "1.0.0"))
	require.NoError(t, i.everybodyGets("telltale", "1.0.0"))

	refused := ci.act("telltale", lifecycle.Unpublish, map[string]any{"comment": "because it can"})
	assert.ErrorContains(t, refused, string(tokens.InsufficientScope))
	i.actedAs("telltale", map[lifecycle.Action]string{
		lifecycle.RequestCreation: "dana", lifecycle.UploadCode: "token:ci", lifecycle.ApprovePublishing: "rita", lifecycle.Publish: "token:ci",
	})
	assert.Empty(t, i.inTemporal("a whispered welcome", "unheard-of improvements"))
	assert.Equal(t, []string{"mini-program/telltale"}, i.inTemporal("mini-program/telltale")[:1], "what is not encrypted is found")
}
