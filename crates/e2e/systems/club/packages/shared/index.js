exports.clubName = "The sports club";
