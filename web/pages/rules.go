package pages

import (
	"encoding/json"
	"strconv"
	"strings"

	"slipway/lifecycle"
)

// ruleRow is a rule of a health gate as a page shows it.
type ruleRow struct {
	lifecycle.HealthRule
	Limits string
	// Health is what it last came to; nil before it was asked, and where only the plan is shown.
	Health *lifecycle.RuleHealth
}

// ruleRows are the rules of a gate, with what they came to; nil where there are not several.
func (w words) ruleRows(health *lifecycle.Health, verdict *lifecycle.HealthVerdict) (rows []ruleRow) {
	if health == nil {
		return nil
	}
	for _, rule := range health.Rules {
		row := ruleRow{HealthRule: rule, Limits: w.limits(rule)}
		if verdict != nil {
			for i := range verdict.Rules {
				if verdict.Rules[i].Name == rule.Name {
					row.Health = &verdict.Rules[i]
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// limits words what is not a breach.
func (w words) limits(rule lifecycle.HealthRule) string {
	switch {
	case rule.Min == nil && rule.Max == nil:
		return ""
	case rule.Min == nil:
		return w.t("at most %s", numberText(*rule.Max))
	case rule.Max == nil:
		return w.t("at least %s", numberText(*rule.Min))
	default:
		return w.t("%s to %s", numberText(*rule.Min), numberText(*rule.Max))
	}
}

// valueDigits is how exactly values are shown; limits are shown as they were written.
const valueDigits = 4

func numberText(limit float64) string { return strconv.FormatFloat(limit, 'g', -1, 64) }

// valueText is a measured value; "" where there is none.
func valueText(value *float64) string {
	if value == nil {
		return ""
	}
	return strconv.FormatFloat(*value, 'g', valueDigits, 64)
}

// rulesText is how several rules are written in a form.
func rulesText(health *lifecycle.Health) string {
	if health == nil || len(health.Rules) == 0 {
		return ""
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // people read it
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(health.Rules); err != nil {
		return ""
	}
	return strings.TrimSpace(text.String())
}

// readRules understands several rules: the list alone, or the plan's health with the list in it, as the documentation shows it.
func readRules(text string) (*lifecycle.Health, error) {
	text = strings.TrimSpace(text)
	health := &lifecycle.Health{}
	if strings.HasPrefix(text, "[") {
		text = `{"rules": ` + text + `}`
	}
	if err := lifecycle.DecodeStrictly([]byte(text), health); err != nil {
		return nil, invalid("the rules of the health gate: %s", err)
	}
	return health, nil
}

const rulesExample = `[{"name": "errors", "query": "errors{app=\"{{.MiniProgram}}\"}", "max": 0.02, "interval": "1m", "failures": 3}]`

// RulesExample is what a list of rules looks like.
func (planForm) RulesExample() string { return rulesExample }

// RuleFields are those that the example does without.
func (planForm) RuleFields() []string { return []string{"min", "after", "dry_run", "no_data"} }
