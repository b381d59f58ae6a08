package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestOnlySoManyRequestsWaitForAnAnswer(t *testing.T) {
	var answers catalog.Answers
	ask := func(miniProgram, user, id string) bool {
		return answers.Expect(catalog.Request{MiniProgram: miniProgram, User: user, ID: id}, 3, 2)
	}
	assert.True(t, ask("weather", "ann", "1"))
	assert.True(t, ask("weather", "ann", "2"))
	assert.True(t, ask("weather", "ann", "2"), "the same again is not another one")
	assert.False(t, ask("weather", "ann", "3"), "so many of a person")
	assert.True(t, ask("weather", "bob", "1"))
	assert.False(t, ask("weather", "cid", "1"), "so many of all people")
	assert.True(t, ask("maps", "ann", "1"), "of one mini-program")
	answers.Settle(catalog.Request{MiniProgram: "weather", User: "ann", ID: "1"})
	assert.True(t, ask("weather", "cid", "1"))
	assert.Len(t, answers.Unanswered("weather"), 3)
}

func TestARequestIsAnsweredAsSoonAsItsOutcomeIsHeard(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	answers := followed(t.Context(), t, c)
	request := catalog.Request{MiniProgram: "weather", User: developer.User, ID: "mine"}
	assert.True(t, answers.Expect(request, 1, 1))
	last, forget := answers.Await("weather", developer.User, "another")
	defer forget()
	commit(t, c, answered("weather", "mine", 1), answered("weather", "another", 2))
	<-last
	assert.Empty(t, answers.Unanswered("weather"))
}
