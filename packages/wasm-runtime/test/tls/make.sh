# Makes the certificates of the tests; see README.md.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/ca.key"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
touch "$work/index"
cat > "$work/ca.conf" <<CONF
[ca]
default_ca = own
[own]
database = $work/index
new_certs_dir = $work
certificate = ca.pem
private_key = $work/ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:\${ENV::HOST}
CONF

certificate() { # file, host, key, extensions, until, further options
  file=$1
  export HOST="$2"
  request=$3
  extensions=$4
  until=$5
  shift 5
  openssl req -new -key "$request" -subj "/CN=$HOST" -out "$work/request"
  openssl ca -batch -notext -config "$work/ca.conf" -extensions "$extensions" -startdate 20200101000000Z -enddate "$until" -in "$work/request" -out "$file" "$@"
}
certificate ca.pem 'Torii tests, worth nothing' "$work/ca.key" authority 21260101000000Z -selfsign
certificate api.pem api.test key.pem server 21260101000000Z
certificate other.pem other.test key.pem server 21260101000000Z
certificate expired.pem api.test key.pem server 20200102000000Z
certificate self-signed.pem api.test key.pem server 21260101000000Z -selfsign -keyfile key.pem
