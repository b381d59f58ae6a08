#compdef starter
# Completion of starter for zsh: source <(starter completion zsh), after compinit
_starter() {
    local -a offers
    offers=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    offers=("${(@)offers:#}")
    (( $#offers )) || { _files; return }
    offers=("${(@)offers//:/\\:}")
    offers=("${(@)offers/$'\t'/:}")
    _describe starter offers
}
compdef _starter starter
