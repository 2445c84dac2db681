# Starts the dockerd of this machine again after it was killed; systemd may have been quicker.
exec systemctl start docker.service
