value=$1
shift
if [ -f "$value" ]; then
    case $value in
    /*) ;;
    *) value=./$value ;;
    esac
    if [ -x "$value" ]; then
        exec "$value" "$@"
    fi
    line=
    IFS= read -r line <"$value"
    case $line in
    "#!"*) ;;
    *) exec /bin/sh "$value" "$@" ;;
    esac
    line=${line#??}
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    interpreter=${line%%[[:space:]]*}
    option=${line#"$interpreter"}
    option=${option#"${option%%[![:space:]]*}"}
    exec "$interpreter" ${option:+"$option"} "$value" "$@"
fi
if [ $# -gt 0 ]; then
    value="$value \"\$@\""
fi
exec /bin/sh -c "$value" instar-script "$@"
