// Debian's packages are used, not these versions: GO111MODULE=off. The file lets imports end in /v3.
module forwarder

go 1.19

require github.com/pion/webrtc/v3 v3.1.56
