package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheStandardPlansAreThoseOfTheSpecification(t *testing.T) {
	percentages := func(p Plan) []float64 {
		list := []float64{p.Grayscale.Percent.Float()}
		for _, stage := range p.Production {
			list = append(list, stage.Percent.Float())
		}
		return list
	}
	plans := StandardPlans()
	assert.Equal(t, []float64{5, 10, 25, 50, 100}, percentages(plans["standard"]))
	assert.Equal(t, []float64{1, 2, 5, 10, 20, 50, 100}, percentages(plans["app-store"]))
	assert.Equal(t, []float64{25, 100}, percentages(plans["fast"]))
	assert.Equal(t, Duration(hour), plans["fast"].Grayscale.Bake)
	for name := range plans {
		_, refusal := Plan{Name: name}.Resolve(plans)
		assert.Nil(t, refusal, name)
	}
}

func TestOfSeveralFaultsSettingsNameTheSameOneEachTime(t *testing.T) {
	broken := DefaultSettings()
	broken.RemindAfter, broken.EscalateAfter, broken.PauseReminder = 0, 0, 0
	brokenPlans := DefaultSettings()
	brokenPlans.Plans = map[string]Plan{"b": {}, "a": {}, "d": {}, "c": {}}
	for range 20 {
		assert.Contains(t, refusedWith(t, InvalidInput, broken.Validate()), "remind_after is 0s")
		assert.Contains(t, refusedWith(t, InvalidInput, brokenPlans.Validate()), `plan "a"`)
	}
}
